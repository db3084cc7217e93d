"""Where data rests: the bucket, the table and the key that encrypts both, with grants by intent."""

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from infra.constructs.rights import allow


class PlatformStore:
    """Hands out rights to the data, each with the right to the key that the data is encrypted with."""

    def __init__(self, *, bucket: s3.IBucket, table: dynamodb.ITable, key: kms.IKey) -> None:
        self.bucket = bucket
        self.table = table
        self.key = key

    def grant_read_state(self, role: iam.Role) -> None:
        """Let the role read the table."""
        self._allow_table(role, "dynamodb:GetItem", "dynamodb:Query")
        self._allow_key(role, "dynamodb", "kms:Decrypt", "kms:DescribeKey")

    def grant_publish(self, role: iam.Role, topic: sns.ITopic) -> None:
        """Let the role publish to a topic that is encrypted with the same key."""
        role.add_to_policy(allow(["sns:Publish"], [topic.topic_arn]))
        self._allow_key(role, "sns", "kms:Decrypt", "kms:GenerateDataKey")

    def grant_read_indexes(self, role: iam.Role) -> None:
        """Let the role read what stands in the table by its indexes too."""
        role.add_to_policy(allow(["dynamodb:Query"], [f"{self.table.table_arn}/index/*"]))

    def grant_change_state(self, role: iam.Role) -> None:
        """Let the role read the table and write to it, in transactions too; no state is ever deleted."""
        self.grant_read_state(role)
        self._allow_table(
            role,
            "dynamodb:ConditionCheckItem",
            "dynamodb:PutItem",
        )
        self._allow_key(role, "dynamodb", "kms:Encrypt", "kms:GenerateDataKey")

    def grant_keep_runs(self, role: iam.Role) -> None:
        """Let the role read many records at once, append to one, and remove entries of indexes, which only follow."""
        self._allow_table(
            role, "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem"
        )

    def grant_drop_index_entries(self, role: iam.Role) -> None:
        """Let the role remove entries that only say where to look."""
        self._allow_table(role, "dynamodb:DeleteItem")

    def grant_read_objects(self, role: iam.Role, *prefixes: str) -> None:
        """Let the role read the objects under these prefixes as they are now."""
        self._allow_objects(role, prefixes, "s3:GetObject")
        self._allow_key(role, "s3", "kms:Decrypt")

    def grant_read_versions(self, role: iam.Role, *prefixes: str) -> None:
        """Let the role read the objects under these prefixes by version, as manifests pin them."""
        self.grant_read_objects(role, *prefixes)
        self._allow_objects(role, prefixes, "s3:GetObjectVersion")

    def grant_find_objects(self, role: iam.Role) -> None:
        """Let the role list keys; without this S3 answers 403, not 404, for an object that is not there."""
        role.add_to_policy(allow(["s3:ListBucket"], [self.bucket.bucket_arn]))

    def grant_list_objects(self, role: iam.Role, *prefixes: str) -> None:
        """Let the role list the keys under these prefixes, and no others."""
        under = {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}
        role.add_to_policy(
            allow(["s3:ListBucket"], [self.bucket.bucket_arn], {"StringLike": under})
        )

    def grant_remove_objects(self, role: iam.Role, *prefixes: str) -> None:
        """Let the role remove objects under these prefixes; the bucket keeps their versions."""
        self._allow_objects(role, prefixes, "s3:DeleteObject")

    def grant_write_objects(self, role: iam.Role, *prefixes: str) -> None:
        """Let the role write objects under these prefixes."""
        self._allow_objects(role, prefixes, "s3:PutObject")
        self._allow_key(role, "s3", "kms:GenerateDataKey")

    def grant_write_large_objects(self, role: iam.Role, *prefixes: str) -> None:
        """Let the role write objects under these prefixes, in parts too."""
        self.grant_write_objects(role, *prefixes)
        self._allow_objects(role, prefixes, "s3:AbortMultipartUpload")
        self._allow_key(role, "s3", "kms:Decrypt")  # S3 decrypts the parts to put them together

    def grant_deliver_objects(self, role: iam.Role, *prefixes: str) -> None:
        """Let Firehose write objects under these prefixes, with the role's rights: what AWS says that it needs."""
        self.grant_write_large_objects(role, *prefixes)
        whole = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        role.add_to_policy(allow(whole, [self.bucket.bucket_arn]))

    def grant_encrypt_output(self, role: iam.Role) -> None:
        """Let SageMaker encrypt, with the role's rights, what a job is told to encrypt with this key."""
        actions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
        role.add_to_policy(allow(actions, [self.key.key_arn]))

    def _allow_table(self, role: iam.Role, *actions: str) -> None:
        role.add_to_policy(allow(actions, [self.table.table_arn]))

    def _allow_objects(self, role: iam.Role, prefixes: tuple[str, ...], *actions: str) -> None:
        role.add_to_policy(
            allow(actions, [f"{self.bucket.bucket_arn}/{prefix}*" for prefix in prefixes])
        )

    def _allow_key(self, role: iam.Role, service: str, *actions: str) -> None:
        via = {"kms:ViaService": f"{service}.{Stack.of(role).region}.amazonaws.com"}
        role.add_to_policy(allow(actions, [self.key.key_arn], {"StringEquals": via}))
