"""IAM statements and resource names, written out: no action and no resource wider than the call that needs it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
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
