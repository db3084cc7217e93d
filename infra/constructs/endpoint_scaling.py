"""What a function may say about how many instances an endpoint has."""

from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn, service_role
from trimtab import names

SCALING = "sagemaker.application-autoscaling.amazonaws.com"
SCALING_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"


def allow_scaling(function: PlatformFunction) -> None:
    """Let the function say between which bounds an endpoint scales."""
    _allow(function, "RegisterScalableTarget", "PutScalingPolicy")
    # Application Auto Scaling looks at the endpoint with the rights of its caller.
    stage = function.foundation.settings.stage
    ours = f"{names.endpoint_prefix(stage)}*"
    endpoint, config = (
        arn(function, "sagemaker", f"{kind}/{ours}") for kind in ("endpoint", "endpoint-config")
    )
    function.allow("sagemaker:DescribeEndpoint", on=[endpoint])
    function.allow("sagemaker:DescribeEndpointConfig", on=[config])
    function.allow("sagemaker:UpdateEndpointWeightsAndCapacities", on=[endpoint])
    # The first endpoint of an account that scales makes the role that does it.
    function.allow(
        "iam:CreateServiceLinkedRole",
        on=[service_role(function, SCALING, SCALING_ROLE)],
        when={"StringEquals": {"iam:AWSServiceName": SCALING}},
    )


def allow_scaling_no_more(function: PlatformFunction) -> None:
    """Let the function take the bounds of an endpoint away."""
    _allow(function, "DeregisterScalableTarget")
    function.allow("application-autoscaling:DescribeScalableTargets", on=["*"])


def _allow(function: PlatformFunction, *operations: str) -> None:
    function.allow(
        *(f"application-autoscaling:{operation}" for operation in operations),
        on=[arn(function, "application-autoscaling", "scalable-target/*")],
        when={"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
    )
