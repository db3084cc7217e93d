"""What a served model may do."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.container_rights import grant_logs, grant_metrics
from infra.constructs.framework_image import FrameworkImage
from infra.constructs.platform_store import PlatformStore
from pipelines.spec import ModelFolder


class ServingRole(Construct):
    """The role that SageMaker models run with: read their artifact, write log and metrics, nothing else."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        store: PlatformStore,
        image: FrameworkImage,
        models: Mapping[str, ModelFolder],
    ) -> None:
        super().__init__(scope, id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            description="What an endpoint of a model version may do",
        )
        store.grant_read_objects(self.role, "artifacts/")
        grant_logs(self.role, "Endpoints")
        grant_metrics(self.role, "/aws/sagemaker/Endpoints")
        image.grant_pull(self.role, *(each.spec.training for each in models.values()))
