"""What holds data and what endpoints live on: it outlives the platform, and even its own stack."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Duration, RemovalPolicies, RemovalPolicy, Stack, Tags
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.constructs.data_key import data_key
from infra.constructs.framework_image import FrameworkImage
from infra.constructs.platform_store import PlatformStore
from infra.constructs.serving_role import ServingRole
from infra.settings import Settings
from pipelines.spec import ModelFolder
from trimtab import names


class DataStack(Stack):
    """Bucket, table and key, for each model the group that its versions are registered in, and the endpoints' role."""

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, models: Mapping[str, ModelFolder]
    ) -> None:
        super().__init__(
            scope,
            id,
            description="Trimtab: data, state and model versions",
            termination_protection=settings.stage == "prod",
        )
        Tags.of(self).add("trimtab:stage", settings.stage)
        key = data_key(self, "Key")
        bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=_lifecycle(settings),
        )
        _send_events(bucket)
        table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=settings.stage == "prod",
        )
        # What has no attribute of this name is not in it. One index for all uses: an update of a table that exists
        # may add one at most, and a second would have to wait for the next deployment.
        table.add_global_secondary_index(
            index_name="trail",
            partition_key=dynamodb.Attribute(name="trail", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
        )
        for model in models:
            self._package_group(settings, model)
        self.store = PlatformStore(bucket=bucket, table=table, key=key)
        # Endpoints are made at run time and belong to no stack: their role must not go with the platform's.
        self.serving = ServingRole(
            self,
            "Serving",
            store=self.store,
            image=FrameworkImage(self, "Image"),
            models=models,
        )
        # But what a first deployment made before it failed goes again: a group that stayed would block the second.
        RemovalPolicies.of(self).apply(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        CfnOutput(self, "DataBucketName", value=bucket.bucket_name)
        CfnOutput(self, "TableName", value=table.table_name)

    def _package_group(self, settings: Settings, model: str) -> None:
        sagemaker.CfnModelPackageGroup(
            self,
            f"Versions-{model}",
            model_package_group_name=names.model_package_group(settings.stage, model),
            model_package_group_description=f"Versions of {model}, registered by its training pipeline",
        )


def _lifecycle(settings: Settings) -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            id="drop-unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(7)
        ),
        s3.LifecycleRule(
            # An accepted file is copied nowhere: manifests pin versions under incoming/, so these never expire.
            id="drop-what-pipelines-overwrote",
            prefix="artifacts/",
            noncurrent_version_expiration=Duration.days(settings.noncurrent_days),
        ),
    ]


def _send_events(bucket: s3.Bucket) -> None:
    """Switch EventBridge on in the bucket itself; CDK's own way needs a custom resource with wide rights."""
    resource = bucket.node.default_child
    if not isinstance(resource, s3.CfnBucket):
        raise TypeError(f"{bucket.node.path} is not made by a CfnBucket")
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
            event_bridge_enabled=True
        )
    )
