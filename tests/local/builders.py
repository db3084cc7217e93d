"""Resources that the tests of the local cloud make, with the least rights that work."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

ACCOUNT, REGION = "000000000000", "us-east-1"
TELL = """
import boto3, json, os
def handler(event, context):
    queue = os.environ["QUEUE_URL"]
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    return event
"""


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: str | list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def trusted(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return policy(statement)


def role(
    cloud: Any, name: str, *statements: dict[str, Any], service: str = "lambda.amazonaws.com"
) -> str:
    iam = cloud.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted(service))["Role"][
        "Arn"
    ]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
    return arn


def function(
    cloud: Any, name: str, source: str, *statements: dict[str, Any], **settings: Any
) -> str:
    """Make a function of one file with a role of its own and return its ARN."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("index.py", source)
    client = cloud.client("lambda")
    made = client.create_function(
        FunctionName=name,
        Role=role(cloud, f"{name}-role", *statements),
        Handler="index.handler",
        Code={"ZipFile": body.getvalue()},
        **{"Runtime": "python3.13", "Timeout": 20, **settings},
    )
    arn: str = made["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return arn


def permit(cloud: Any, name: str, service: str, source_arn: str) -> None:
    """Let a service invoke the function."""
    cloud.client("lambda").add_permission(
        FunctionName=name,
        StatementId=f"s{time.monotonic_ns()}",
        Action="lambda:InvokeFunction",
        Principal=service,
        SourceArn=source_arn,
    )


def queue(cloud: Any, name: str, *services: str) -> tuple[str, str]:
    """Make a queue that the services may send to; return its URL and ARN."""
    sqs = cloud.client("sqs")
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    if services:
        statement = {**allow("sqs:SendMessage", arn), "Principal": {"Service": list(services)}}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(statement)})
    return url, arn


def teller(cloud: Any, name: str, **settings: Any) -> tuple[str, str]:
    """Make a function that sends its event to a queue of its own; return function ARN and queue URL."""
    url, arn = queue(cloud, f"{name}-heard")
    made = function(
        cloud,
        name,
        TELL,
        allow("sqs:SendMessage", arn),
        Environment={"Variables": {"QUEUE_URL": url}},
        **settings,
    )
    return made, url


def receive(cloud: Any, url: str, wait: int = 10) -> dict[str, Any] | None:
    """Take one message from a queue, waiting for it; None if none came."""
    answer = cloud.client("sqs").receive_message(
        QueueUrl=url, WaitTimeSeconds=wait, MessageAttributeNames=["All"], MaxNumberOfMessages=1
    )
    for message in answer.get("Messages", []):
        cloud.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        found: dict[str, Any] = message
        return found
    return None


def received(cloud: Any, url: str, wait: int = 10) -> Any:
    """Take one message's JSON from a queue, waiting for it; None if none came."""
    message = receive(cloud, url, wait)
    return None if message is None else json.loads(message["Body"])


def rule(cloud: Any, name: str, target: dict[str, Any], **trigger: Any) -> str:
    """Make a rule on the default bus with one target and return its ARN."""
    events = cloud.client("events")
    arn: str = events.put_rule(Name=name, **trigger)["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "only", **target}])
    return arn


def eventually(check: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Return the first true answer of `check`, which asks something that sends no event."""
    ends = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < ends, f"never true: {check}"
        time.sleep(0.02)
    return found
