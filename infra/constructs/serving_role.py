"""What a served model may do."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.container_rights import grant_logs, grant_metrics
from infra.constructs.endpoint_scaling import allow_scaling
from infra.constructs.framework_image import FrameworkImage
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.platform_store import PlatformStore
from infra.constructs.rights import arn
from pipelines.spec import ModelFolder
from trimtab import names


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

    def allow_making_endpoints(self, function: PlatformFunction) -> None:
        """Let the function make the endpoints of versions, and have them run with this role."""
        ours = f"{names.SERVING_PREFIX}-{function.foundation.settings.stage}-*"
        model, config, endpoint = (
            arn(function, "sagemaker", f"{kind}/{ours}")
            for kind in ("model", "endpoint-config", "endpoint")
        )
        function.allow("sagemaker:CreateModel", "sagemaker:DescribeModel", on=[model])
        function.allow(
            "sagemaker:CreateEndpointConfig", "sagemaker:DescribeEndpointConfig", on=[config]
        )
        # CreateEndpoint is checked against the endpoint and the config it is made from.
        function.allow("sagemaker:CreateEndpoint", on=[endpoint, config])
        function.allow("sagemaker:DescribeEndpoint", on=[endpoint])
        function.allow(
            "iam:PassRole",
            on=[self.role.role_arn],
            when={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
        allow_scaling(function)
