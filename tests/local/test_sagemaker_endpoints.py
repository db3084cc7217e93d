"""Endpoints on the local SageMaker: states, invocations and their limits, death, update, restart."""

import concurrent.futures
import contextlib
import json
import os
import signal
import time

import pytest
from botocore.exceptions import ClientError

from tests.local.sagemaker_cloud import BUCKET, IMAGE, INVOCATION_SECONDS, ROLE, SageMakerCloud
from tests.local.sagemaker_requests import SERVE

EVENT = "SageMaker Endpoint State Change"


@pytest.fixture(scope="module")
def cloud():
    cloud = SageMakerCloud()
    deploy(cloud, "flights")
    in_service(cloud, "flights")
    yield cloud
    cloud.close()


def deploy(cloud, name, code=SERVE, *, mood="calm", endpoint=True, concurrency=10, size=None):
    """Make model, configuration and, unless told not to, endpoint of one name."""
    files = {"model.json": json.dumps({"name": name}), "code/inference.py": code}
    url = cloud.put_archive(f"models/{name}.tar.gz", files)
    container = {
        "Image": IMAGE,
        "ModelDataUrl": url,
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "MOOD": mood},
    }
    cloud.sm.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": concurrency}
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        **(size or {"ServerlessConfig": serverless}),
    }
    cloud.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    if endpoint:
        cloud.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)


def settled(cloud, name, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        described = cloud.sm.describe_endpoint(EndpointName=name)
        if described["EndpointStatus"] not in ("Creating", "Updating"):
            return described
        assert time.monotonic() < deadline, described
        time.sleep(0.05)


def in_service(cloud, name):
    described = settled(cloud, name)
    assert described["EndpointStatus"] == "InService", described
    return described


def invoke(cloud, name="flights", asked=None, **more):
    body = json.dumps({} if asked is None else asked)
    return cloud.runtime.invoke_endpoint(
        EndpointName=name, Body=body, ContentType="application/json", **more
    )


def answer(cloud, name="flights", asked=None):
    return json.loads(invoke(cloud, name, asked)["Body"].read())


def refusal(cloud, name="flights", asked=None, **more):
    client = cloud.runtime
    with pytest.raises(client.exceptions.ClientError) as error:
        invoke(cloud, name, asked, **more)
    return error.value.response


def test_an_endpoint_answers_with_its_model_and_in_an_environment_of_its_own(cloud):
    replied = invoke(cloud, asked={"a": 1})
    assert replied["InvokedProductionVariant"] == "AllTraffic"
    assert replied["ContentType"] == "application/json"
    told = json.loads(replied["Body"].read())
    assert (told["model"], told["asked"]) == ({"name": "flights"}, {"a": 1})
    assert (told["environment"], told["host"]) == ("calm", None)


def test_a_new_endpoint_tells_the_bus_that_it_is_created_and_in_service(cloud):
    def ours(events):
        return [e for e in events if e["detail"]["EndpointName"] == "flights"]

    events = ours(cloud.events(EVENT, lambda found: len(ours(found)) >= 2))
    assert [event["detail"]["EndpointStatus"] for event in events[:2]] == ["CREATING", "IN_SERVICE"]
    assert events[1]["detail"]["EndpointConfigName"] == "flights"
    assert events[1]["resources"] == ["arn:aws:sagemaker:us-east-1:000000000000:endpoint/flights"]


def test_many_callers_at_once_get_their_own_answers(cloud):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: answer(cloud, asked={"n": n})["asked"]["n"], range(40)))
    assert answers == list(range(40))


def test_an_error_of_the_model_is_a_model_error_with_its_words(cloud):
    client = cloud.runtime
    with pytest.raises(client.exceptions.ClientError) as error:
        client.invoke_endpoint(EndpointName="flights", Body=b"{nonsense")
    response = error.value.response
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 500
    assert "Expecting property name" in response["OriginalMessage"]


def test_an_unknown_endpoint_or_variant_is_a_validation_error(cloud):
    response = refusal(cloud, "ghost")
    assert response["Error"]["Code"] == "ValidationError"
    assert response["Error"]["Message"] == "Endpoint ghost of account 000000000000 not found."
    assert refusal(cloud, TargetVariant="Blue")["Error"]["Code"] == "ValidationError"
    assert "target-model" in refusal(cloud, TargetModel="m.tar.gz")["Error"]["Message"]


def test_serverless_bodies_over_4_mb_are_refused_both_ways(cloud):
    over = refusal(cloud, asked={"pad": "x" * (4 * 1024 * 1024)})
    assert over["Error"]["Code"] == "ValidationError"
    assert "4194304" in over["Error"]["Message"]
    assert refusal(cloud, asked={"size": 4194305})["Error"]["Code"] == "ModelError"
    assert len(invoke(cloud, asked={"size": 4194304})["Body"].read()) == 4194304


def test_instances_take_bodies_of_6_mb(cloud):
    deploy(cloud, "sized", size={"InstanceType": "ml.m5.large", "InitialInstanceCount": 1})
    in_service(cloud, "sized")
    over = refusal(cloud, "sized", asked={"pad": "x" * 6_291_456})
    assert "6291456" in over["Error"]["Message"]
    assert answer(cloud, "sized", {"pad": "x" * 6_000_000})["model"] == {"name": "sized"}
    assert refusal(cloud, "sized", asked={"size": 6_291_457})["Error"]["Code"] == "ModelError"


def test_a_model_that_takes_too_long_is_a_model_error_and_the_next_call_is_answered(monkeypatch):
    monkeypatch.setenv(INVOCATION_SECONDS, "1")
    cloud = SageMakerCloud()
    try:
        deploy(cloud, "slow")
        in_service(cloud, "slow")
        late = refusal(cloud, "slow", {"sleep": 3})
        assert late["Error"]["Code"] == "ModelError"
        assert "timed out while waiting for a response" in late["Error"]["Message"]
        assert answer(cloud, "slow")["model"] == {"name": "slow"}
    finally:
        cloud.close()


def test_calls_over_max_concurrency_are_throttled(cloud):
    deploy(cloud, "narrow", concurrency=1)
    in_service(cloud, "narrow")

    def outcome(_):
        try:
            return str(answer(cloud, "narrow", {"sleep": 3})["asked"])
        except cloud.runtime.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        outcomes = set(pool.map(outcome, range(3)))
    assert outcomes == {"{'sleep': 3}", "ThrottlingException"}


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ({"ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 1}}, "1500"),
        ({"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 201}}, "200"),
        ({"ModelName": "ghost"}, "Could not find model"),
        ({"AcceleratorType": "ml.eia1.medium"}, "AcceleratorType is not supported"),
    ],
)
def test_a_configuration_over_the_limits_is_refused(cloud, variant, words):
    sound = {
        "VariantName": "AllTraffic",
        "ModelName": "flights",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    with pytest.raises(cloud.sm.exceptions.ClientError, match=words):
        cloud.sm.create_endpoint_config(
            EndpointConfigName="wrong", ProductionVariants=[{**sound, **variant}]
        )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ModelDataUrl": f"s3://{BUCKET}/models/ghost.tar.gz"}, "Could not find model data"),
        ({"ModelDataUrl": "s3://no-such-bucket/m.tar.gz"}, "Could not find model data"),
        ({"ModelDataUrl": f"s3://{BUCKET}"}, "names no object"),
        ({"Image": "nginx"}, "image nginx, which is none of AWS's containers"),
        ({"Image": IMAGE.replace("scikit-learn", "xgboost")}, "sagemaker-xgboost"),
    ],
)
def test_a_model_that_could_not_be_served_is_refused(cloud, changes, words):
    sound = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/models/flights.tar.gz"}
    with pytest.raises(cloud.sm.exceptions.ClientError, match=words):
        cloud.sm.create_model(
            ModelName="ghost", PrimaryContainer={**sound, **changes}, ExecutionRoleArn=ROLE
        )


@pytest.mark.parametrize("role", [ROLE.replace("jobs", "ghost"), ROLE.replace("0" * 12, "1" * 12)])
def test_a_role_that_sagemaker_cannot_assume_is_refused(cloud, role):
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/models/flights.tar.gz"}
    with pytest.raises(cloud.sm.exceptions.ClientError, match="Could not assume role"):
        cloud.sm.create_model(ModelName="ghost", PrimaryContainer=container, ExecutionRoleArn=role)


def test_a_model_that_cannot_be_loaded_fails_its_endpoint_at_once_with_the_logs_words(cloud):
    deploy(cloud, "broken", "def model_fn(model_dir):\n    raise ValueError('no coefficients')\n")
    began = time.monotonic()
    described = settled(cloud, "broken")
    assert time.monotonic() - began < 15
    assert described["EndpointStatus"] == "Failed"
    assert "no coefficients" in described["FailureReason"]
    assert "not in service" in refusal(cloud, "broken")["Error"]["Message"]
    told = cloud.events(EVENT, lambda e: any(x["detail"]["EndpointStatus"] == "FAILED" for x in e))
    assert told[-1]["detail"]["EndpointName"] == "broken"


def test_a_killed_model_server_answers_again_within_seconds(cloud):
    before = answer(cloud)["pid"]
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while answer(cloud)["pid"] == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert cloud.sm.describe_endpoint(EndpointName="flights")["EndpointStatus"] == "InService"


def test_a_model_server_killed_while_it_starts_again_is_started_once_more(cloud):
    deploy(cloud, "tough")
    in_service(cloud, "tough")
    known = {pid for pid, _ in cloud.processes()}
    first = answer(cloud, "tough")["pid"]
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not (successor := {pid for pid, _ in cloud.processes()} - known):
        assert time.monotonic() < deadline
    os.kill(successor.pop(), signal.SIGKILL)
    assert answer(cloud, "tough")["pid"] not in known
    assert cloud.sm.describe_endpoint(EndpointName="tough")["EndpointStatus"] == "InService"


def test_a_model_server_that_keeps_dying_fails_its_endpoint_with_the_reason(cloud):
    deploy(cloud, "mortal")
    in_service(cloud, "mortal")
    deadline = time.monotonic() + 40
    while (described := cloud.sm.describe_endpoint(EndpointName="mortal"))[
        "EndpointStatus"
    ] == "InService":
        assert time.monotonic() < deadline
        with contextlib.suppress(cloud.runtime.exceptions.ClientError):
            answer(cloud, "mortal", {"die": True})
    assert described["EndpointStatus"] == "Failed"
    assert "ended" in described["FailureReason"]
    assert "3 times within 60 s" in described["FailureReason"]


def test_an_update_moves_traffic_once_the_new_servers_are_healthy(cloud):
    deploy(cloud, "moving")
    in_service(cloud, "moving")
    deploy(cloud, "moving-2", mood="bold", endpoint=False)
    cloud.sm.update_endpoint(EndpointName="moving", EndpointConfigName="moving-2")
    assert cloud.sm.describe_endpoint(EndpointName="moving")["EndpointStatus"] == "Updating"
    assert answer(cloud, "moving")["environment"] in ("calm", "bold")
    assert in_service(cloud, "moving")["EndpointConfigName"] == "moving-2"
    assert answer(cloud, "moving")["environment"] == "bold"

    deploy(cloud, "moving-3", "raise RuntimeError('will not load')\n", endpoint=False)
    cloud.sm.update_endpoint(EndpointName="moving", EndpointConfigName="moving-3")
    described = in_service(cloud, "moving")
    assert described["EndpointConfigName"] == "moving-2"
    assert "will not load" in described["FailureReason"]
    assert answer(cloud, "moving")["environment"] == "bold"

    with pytest.raises(cloud.sm.exceptions.ClientError, match="already uses"):
        cloud.sm.update_endpoint(EndpointName="moving", EndpointConfigName="moving-2")


def test_a_deleted_endpoint_leaves_no_process(cloud):
    deploy(cloud, "short")
    in_service(cloud, "short")
    pid = answer(cloud, "short")["pid"]
    assert pid in [process for process, _ in cloud.processes()]
    cloud.sm.delete_endpoint(EndpointName="short")
    deadline = time.monotonic() + 10
    while "short" in [e["EndpointName"] for e in cloud.sm.list_endpoints()["Endpoints"]]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert pid not in [process for process, _ in cloud.processes()]


def test_endpoints_come_back_after_a_restart_of_the_cloud(tmp_path):
    first = SageMakerCloud(tmp_path)
    try:
        deploy(first, "lasting")
        in_service(first, "lasting")
    finally:
        first.close()
    again = SageMakerCloud(tmp_path)
    try:
        assert answer(again, "lasting")["model"] == {"name": "lasting"}
        assert in_service(again, "lasting")["EndpointConfigName"] == "lasting"
    finally:
        again.close()


def test_an_endpoint_of_instances_keeps_the_bounds_it_scales_between(cloud):
    scaling = cloud.client("application-autoscaling")
    subject = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    grown = {**subject, "ResourceId": "endpoint/grown/variant/AllTraffic"}
    policy = {
        "PolicyName": "load",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 600.0},
    }
    with pytest.raises(ClientError, match="no variant of an endpoint in service"):
        scaling.register_scalable_target(**grown, MinCapacity=1, MaxCapacity=4)
    with pytest.raises(ClientError, match="has no instances"):
        scaling.register_scalable_target(
            **subject,
            ResourceId="endpoint/flights/variant/AllTraffic",
            MinCapacity=1,
            MaxCapacity=4,
        )
    deploy(cloud, "grown", size={"InstanceType": "ml.m5.large", "InitialInstanceCount": 1})
    in_service(cloud, "grown")
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.put_scaling_policy(**grown, **policy)
    with pytest.raises(ClientError, match="Maximum capacity cannot be less"):
        scaling.register_scalable_target(**grown, MinCapacity=3, MaxCapacity=2)
    for most in (4, 6):
        scaling.register_scalable_target(**grown, MinCapacity=1, MaxCapacity=most)
        scaling.put_scaling_policy(**grown, **policy)
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == (
        grown["ResourceId"],
        1,
        6,
    )
    told = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [each["PolicyName"] for each in told] == ["load"]
    scaling.deregister_scalable_target(**grown)
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.deregister_scalable_target(**grown)
