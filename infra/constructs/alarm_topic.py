"""Where alarms are told: one encrypted topic for people to subscribe to."""

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.rights import allow, arn


def alarm_topic(scope: Construct, id: str, *, key: kms.IKey) -> sns.Topic:
    """Return a topic that alarms of this account may publish to, over TLS only; the key's policy says so too."""
    topic = sns.Topic(scope, id, master_key=key, enforce_ssl=True)
    # A policy of one's own, be it only for TLS, takes the place of the default that lets in the whole account.
    alarms = allow(
        ["sns:Publish"],
        [topic.topic_arn],
        {
            "StringEquals": {"aws:SourceAccount": Stack.of(scope).account},
            "ArnLike": {"aws:SourceArn": arn(scope, "cloudwatch", "alarm:*")},
        },
    )
    alarms.add_service_principal("cloudwatch.amazonaws.com")
    topic.add_to_resource_policy(alarms)
    return topic
