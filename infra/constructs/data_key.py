"""The key that encrypts bucket, table and alarm topic."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.rights import allow

ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
USE = (
    "kms:CreateGrant",  # DynamoDB and SageMaker work on a caller's behalf through grants
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
THIS_KEY = ("*",)  # in a key's own policy `*` is that key; KMS takes nothing else there


def data_key(scope: Construct, id: str) -> kms.Key:
    """Return a key that rotates yearly, that only IAM of this account opens, and that alarms may publish with."""
    account = Stack.of(scope).account
    owner = allow([*ADMINISTRATION, *USE], THIS_KEY)
    owner.add_account_root_principal()
    alarms = allow(
        ["kms:Decrypt", "kms:GenerateDataKey"],
        THIS_KEY,
        {"StringEquals": {"aws:SourceAccount": account}},
    )
    alarms.add_service_principal("cloudwatch.amazonaws.com")
    return kms.Key(
        scope,
        id,
        description="Trimtab: datasets, models and state",
        enable_key_rotation=True,
        policy=iam.PolicyDocument(statements=[owner, alarms]),
    )
