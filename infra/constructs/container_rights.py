"""What any SageMaker container needs beside its data and its image: its code, its log, its metrics."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets

from infra.constructs.rights import allow, arn


def grant_logs(role: iam.Role, *groups: str) -> None:
    """Let the role write to SageMaker's log groups whose names start so, making them where they are missing."""
    names = [arn(role, "logs", f"log-group:/aws/sagemaker/{group}*") for group in groups]
    role.add_to_policy(
        allow(
            [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            names,
        )
    )


def grant_metrics(role: iam.Role, *namespaces: str) -> None:
    """Let the role put metrics into these namespaces."""
    # cloudwatch:PutMetricData takes no resource: the condition on the namespace is what bounds it.
    condition = {"StringEquals": {"cloudwatch:namespace": list(namespaces)}}
    role.add_to_policy(allow(["cloudwatch:PutMetricData"], ["*"], condition))


def grant_code(role: iam.Role, *assets: s3_assets.Asset) -> None:
    """Let the role fetch exactly these assets, as SageMaker does it: list the key as a prefix, then get."""
    for asset in assets:
        bucket, key = asset.bucket.bucket_arn, asset.s3_object_key
        role.add_to_policy(allow(["s3:GetObject"], [f"{bucket}/{key}"]))
        condition = {"StringLike": {"s3:prefix": f"{key}*"}}
        role.add_to_policy(allow(["s3:ListBucket"], [bucket], condition))
