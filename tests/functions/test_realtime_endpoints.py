"""Endpoints on instances of their own: as large as model.yaml says, scaling between its bounds until they retire."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving_platform import Platform, deployed
from trimtab.aws.endpoint_scaling import EndpointScaling
from trimtab.domain.model import Serving

NAME = "trimtab-dev-delays-v1"
SERVING = Serving(
    kind="realtime",
    instance_type="ml.m5.large",
    instances=2,
    most_instances=6,
    requests_per_instance=600,
)


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed(serving=SERVING) as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    stage.reset()
    for version in (1, 2):
        EndpointScaling.of(stage.runtime).forget(f"trimtab-dev-delays-v{version}")
    return stage


def bounds(platform: Platform) -> list[tuple[str, int, int]]:
    scaling = platform.runtime.client("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return [(each["ResourceId"], each["MinCapacity"], each["MaxCapacity"]) for each in targets]


def policies(platform: Platform) -> list[dict[str, Any]]:
    scaling = platform.runtime.client("application-autoscaling")
    found = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    return [each["TargetTrackingScalingPolicyConfiguration"] for each in found]


def test_a_version_begins_with_the_fewest_instances_and_scales_once_it_is_up(
    platform: Platform,
) -> None:
    platform.record_version(1)
    platform.endpoint_will_be(1, "Creating")
    platform.approve(1)
    config = platform.runtime.sagemaker.describe_endpoint_config(EndpointConfigName=NAME)
    (variant,) = config["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.large", 2)
    assert "ServerlessConfig" not in variant
    assert bounds(platform) == []

    platform.endpoint_is(1, "InService")
    for _ in range(2):
        platform.endpoint_event(1)
    assert bounds(platform) == [(f"endpoint/{NAME}/variant/AllTraffic", 2, 6)]
    assert policies(platform) == [
        {
            "TargetValue": 600.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
        }
    ]


def test_an_endpoint_that_retires_scales_no_more_and_does_again_when_it_is_made_again(
    platform: Platform,
) -> None:
    platform.promote(1, 2)
    platform.clock.forward(days=7)
    assert platform.retire() == [NAME]
    assert [name for name, _, _ in bounds(platform)] == [
        "endpoint/trimtab-dev-delays-v2/variant/AllTraffic"
    ]
    platform.endpoint_will_be(1, "Creating")
    assert platform.roll_back()[1]["waits"] is True
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)
    assert (f"endpoint/{NAME}/variant/AllTraffic", 2, 6) in bounds(platform)


def test_an_endpoint_from_before_there_were_instances_is_left_as_it_is(platform: Platform) -> None:
    platform.record_version(1)
    platform.endpoint_will_be(1, "Creating")
    platform.approve(1)
    serverless: Any = {"MemorySizeInMB": 2048, "MaxConcurrency": 10}
    platform.runtime.sagemaker.create_endpoint_config(
        EndpointConfigName=NAME,
        ProductionVariants=[
            {"VariantName": "AllTraffic", "ModelName": NAME, "ServerlessConfig": serverless}
        ],
    )
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)
    assert bounds(platform) == []
