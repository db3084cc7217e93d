"""Scaling of real-time endpoints: as many instances as the requests need, between two bounds."""

from typing import TYPE_CHECKING, Any

from trimtab.aws.endpoints import VARIANT
from trimtab.domain.model import Serving

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from trimtab.runtime import Runtime

POLICY = "requests-per-instance"
METRIC = "SageMakerVariantInvocationsPerInstance"  # a minute's average, of each instance
SUBJECT = {
    "ServiceNamespace": "sagemaker",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


class EndpointScaling:
    """Says to Application Auto Scaling between which bounds an endpoint scales."""

    def __init__(self, client: Any, sagemaker: "SageMakerClient") -> None:
        self._client = client
        self._sagemaker = sagemaker

    @classmethod
    def of(cls, runtime: "Runtime") -> "EndpointScaling":
        """Return the scaling of this deployment's endpoints."""
        return cls(runtime.application_autoscaling, runtime.sagemaker)

    def ensure(self, endpoint_name: str, serving: Serving) -> None:
        """Have an endpoint that is in service scale as `serving` says; the same again changes nothing.

        One that was made before model.yaml asked for instances has none, and is left as it is.
        """
        if serving.most_instances is None or not self._has_instances(endpoint_name):
            return
        subject = _subject(endpoint_name)
        self._client.register_scalable_target(
            **subject, MinCapacity=serving.instances, MaxCapacity=serving.most_instances
        )
        self._client.put_scaling_policy(
            **subject,
            PolicyName=POLICY,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": float(serving.requests_per_instance),
                "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
            },
        )

    def forget(self, endpoint_name: str) -> None:
        """Take the bounds of an endpoint away, with the alarms that watch over them; none is as good."""
        subject = _subject(endpoint_name)
        found = self._client.describe_scalable_targets(
            ServiceNamespace=subject["ServiceNamespace"], ResourceIds=[subject["ResourceId"]]
        )
        if found["ScalableTargets"]:
            self._client.deregister_scalable_target(**subject)

    def _has_instances(self, endpoint_name: str) -> bool:
        config = self._sagemaker.describe_endpoint_config(EndpointConfigName=endpoint_name)
        return "InstanceType" in config["ProductionVariants"][0]


def _subject(endpoint_name: str) -> dict[str, str]:
    return {**SUBJECT, "ResourceId": f"endpoint/{endpoint_name}/variant/{VARIANT}"}
