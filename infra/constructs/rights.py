"""IAM statements, resource names and addresses, written out and no wider than the call that needs them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct


def allow(
    actions: Sequence[str],
    resources: Iterable[str],
    conditions: Mapping[str, Mapping[str, Any]] | None = None,
) -> iam.PolicyStatement:
    """Return a statement that allows exactly these actions on exactly these resources."""
    return iam.PolicyStatement(
        actions=list(actions),
        resources=list(resources),
        conditions={operator: dict(tests) for operator, tests in (conditions or {}).items()},
    )


def arn(scope: Construct, service: str, resource: str, *, account: str | None = None) -> str:
    """Return the ARN of something in the stack's own partition, region and, unless given, account."""
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:{service}:{stack.region}:{account or stack.account}:{resource}"


def service_role(scope: Construct, service: str, name: str) -> str:
    """Return the ARN of the role that a service of AWS makes for itself in the stack's account."""
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:iam::{stack.account}:role/aws-service-role/{service}/{name}"


def address(asset: s3_assets.Asset) -> str:
    """Return the s3:// address of an asset with its key in plain sight; CDK's own is one opaque token."""
    return f"s3://{asset.s3_bucket_name}/{asset.s3_object_key}"
