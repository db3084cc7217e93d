"""POST /v1/runs/{run}/reproductions: a run again on the very bytes, refused with what is gone, judged when it ends."""

import json
import uuid
from typing import Any

import pytest

from functions.request_training.handler import lambda_handler as request_training
from tests.accepted_data import accept
from tests.functions.test_mlflow_runs import begin
from tests.functions.test_record_training import (
    EVENTS,
    GATE_STEP,
    execution_event,
    handle,
    package_event,
)
from tests.functions.test_recorded_runs import (
    IMAGE,
    PREPARE,
    PREPARING,
    SOURCE,
    STEPS,
    TRAIN,
    TRAINING,
    artifact,
    pairs,
    report,
    run_id,
    run_of,
)
from tests.functions.test_registry_api import get
from tests.moto_platform import ENVIRONMENT, MODEL, Context, MotoPlatform, trimtab_event
from trimtab.aws import keys
from trimtab.aws.training import Trainings
from trimtab.domain.datasets import Manifest

BUCKET = ENVIRONMENT["TRIMTAB_BUCKET"]
EVENT = (EVENTS / "http_post_training.json").read_text()
DEFINED = {
    "DatasetVersion": None,
    "ManifestUri": None,
    "RequestId": None,
    "ChampionVersion": None,
    "ChampionModelUri": None,
    "SourceUri": SOURCE,
    "ImageUri": IMAGE,
    "Seed": "2013",
    "Hyper-max-iter": "100",
    "Hyper-rate": "0.1",
}
RANGES = {"Min-max-iter": "50", "Max-max-iter": "200", "Min-rate": "0.01", "Max-rate": "0.3"}


@pytest.fixture
def origin(platform: MotoPlatform) -> str:
    """The id of a run that trained on two files, and ended well."""
    s3 = platform.runtime.s3
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for uri, body in ((SOURCE, b"source"), (STEPS, b"steps")):
        s3.put_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"), Body=body)
    event: dict[str, Any] = {}
    for number in (1, 2):
        put = s3.put_object(Bucket=BUCKET, Key=f"incoming/{MODEL}/{number}.csv", Body=b"0123456789")
        event = accept(platform, number, version_id=put["VersionId"])
    platform.deploy("train", DEFINED)
    platform.pipelines.jobs["DescribeProcessingJob", "prepare-1"] = PREPARING
    request_training(event, Context())
    arn = platform.pipelines.started[-1]
    end(platform, arn)
    return run_id(arn)


def end(platform: MotoPlatform, arn: str, status: str = "Succeeded", **said: Any) -> None:
    """Let an execution end with what its parameters say, and its events come to both functions."""
    given = platform.pipelines.parameters(arn)
    listed = platform.pipelines.executions[arn]["parameters"]
    listed += [
        {"Name": name, "Value": value}
        for name, value in DEFINED.items()
        if value is not None and name not in given
    ]
    told = {**DEFINED, **platform.pipelines.parameters(arn)}
    hyperparameters = {
        **TRAINING["HyperParameters"],
        "max-iter": told["Hyper-max-iter"],
        "rate": told["Hyper-rate"],
        "seed": told["Seed"],
        "sagemaker_submit_directory": told["SourceUri"],
    }
    job = {**TRAINING, "HyperParameters": hyperparameters}
    platform.pipelines.jobs["DescribeTrainingJob", "train-1"] = job
    if status == "Succeeded":
        report(platform, arn, **said)
        platform.pipelines.end(arn, status, PREPARE, TRAIN)
    else:
        platform.pipelines.end(arn, status, PREPARE, GATE_STEP)
    before = len(platform.named("TrainingFinished"))
    handle(execution_event(arn, status))
    for finished in platform.named("TrainingFinished")[before:]:
        request_training(trimtab_event("TrainingFinished", finished), Context())


def ask_again(run: str, **body: Any) -> dict[str, Any]:
    """Ask for a run to be run again; return status and answer."""
    event = json.loads(EVENT)
    event["requestContext"]["http"]["path"] = event["rawPath"] = f"/v1/runs/{run}/reproductions"
    event["requestContext"]["requestId"] = uuid.uuid4().hex
    event["body"] = json.dumps(body)
    answer = request_training(event, Context())
    return {"status": answer["statusCode"], **json.loads(answer["body"])}


def started(platform: MotoPlatform) -> dict[str, str]:
    return platform.pipelines.parameters(platform.pipelines.started[-1])


def test_a_run_is_run_again_on_the_pinned_data_code_image_parameters_and_seed(platform, origin):
    accept(platform, 3)  # newer data, which the rerun must not see
    answer = ask_again(origin)
    assert (answer["status"], answer["decision"], answer["purpose"]) == (202, "start", "reproduce")
    given = started(platform)
    assert given["DatasetVersion"] == "2"
    assert given["ManifestUri"] == f"s3://{BUCKET}/{keys.manifest_key(MODEL, 2)}"
    assert given["SourceUri"].startswith(f"s3://{BUCKET}/sources/{MODEL}/")
    assert (given["ImageUri"], given["Seed"], given["Hyper-max-iter"]) == (IMAGE, "2013", "100")
    request = Trainings(platform.table).request(MODEL, answer["request_id"])
    assert request is not None
    assert (request.plan.origin_run_id, request.reason) == (origin, f"reproduce of run {origin}")


def test_the_same_bytes_are_told_as_bit_equal_and_linked_to_their_origin(platform, origin):
    ask_again(origin, reason="is it so?")
    arn = platform.pipelines.started[-1]
    end(platform, arn)
    told = get(f"/v1/runs/{run_id(arn)}")
    assert told["reproduction"]["result"] == "bit-equal"
    assert told["reproduction"]["sentence"].endswith("the recipes are the same")
    tags = told["tags"]
    assert (tags["trimtab.reproduction"], tags["trimtab.origin_run_id"]) == ("bit-equal", origin)
    assert len(platform.pipelines.started) == 2  # bits that are equal need no further seeds
    lineage = get("/v1/lineage", of=f"run:{origin}", direction="down")
    assert f"run:{run_id(arn)}" in [f"{one['kind']}:{one['id']}" for one in lineage["things"]]


def auc(value: float, digest: str) -> dict[str, Any]:
    """What a report says of another model."""
    metrics = {"auc": {"value": value, "low": value - 0.01, "high": value + 0.01}}
    return {"metrics": metrics, "artifact": {"digest": digest * 64, "bytes": 1}}


def test_other_bytes_are_measured_against_three_runs_with_other_seeds(platform, origin):
    ask_again(origin)
    rerun = platform.pipelines.started[-1]
    newer = {"python": "3.12.4", "packages": {"numpy": "2.4.2"}}
    end(platform, rerun, **auc(0.743, "e"), environment=newer)
    assert run_of(rerun)["data"]["tags"]
    for number, value in enumerate((0.746, 0.738, 0.744), start=1):
        seed_run = platform.pipelines.started[-1]
        assert len(platform.pipelines.started) == 2 + number
        assert started(platform)["Seed"] == str(2013 + number)
        assert get(f"/v1/runs/{run_id(rerun)}")["reproduction"]["result"] == "measuring"
        end(platform, seed_run, **auc(value, str(number)))
        tags = pairs(run_of(seed_run)["data"]["tags"])
        assert tags["mlflow.parentRunId"] == run_id(rerun)
        handle(execution_event(seed_run, "Succeeded"))  # told twice, it counts once
    assert len(platform.pipelines.started) == 5
    told = get(f"/v1/runs/{run_id(rerun)}")["reproduction"]
    assert told["result"] == "within spread"
    assert "package numpy 2.4.1 → 2.4.2" in told["sentence"]
    assert told["spread"]["values"] == [0.742, 0.746, 0.738, 0.744]


def test_what_is_further_away_than_seeds_is_not_reproduced(platform, origin):
    ask_again(origin)
    rerun = platform.pipelines.started[-1]
    end(platform, rerun, **auc(0.6, "e"))
    for value in (0.743, 0.741, 0.742):
        end(platform, platform.pipelines.started[-1], **auc(value, "f"))
    told = get(f"/v1/runs/{run_id(rerun)}")["reproduction"]
    assert told["result"] == "not"
    assert told["sentence"].startswith("not reproduced: auc 0.6 against 0.742")


def test_a_rerun_that_broke_did_not_reproduce(platform, origin):
    ask_again(origin)
    rerun = platform.pipelines.started[-1]
    end(platform, rerun, "Failed")
    told = get(f"/v1/runs/{run_id(rerun)}")["reproduction"]
    assert told["sentence"].startswith("not reproduced: the rerun has no evaluation")


def gone(answer: dict[str, Any]) -> list[str]:
    assert (answer["status"], answer["code"]) == (409, "IRREPRODUCIBLE")
    return [problem["message"] for problem in answer["errors"]]


def test_a_deleted_version_of_a_batch_is_named(platform, origin):
    key = f"incoming/{MODEL}/1.csv"
    [version] = platform.runtime.s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
    platform.runtime.s3.delete_object(Bucket=BUCKET, Key=key, VersionId=version["VersionId"])
    [told] = gone(ask_again(origin))
    assert told.startswith(f"{key}, version {version['VersionId']}, is gone (1,000 rows")
    assert len(platform.pipelines.started) == 1
    assert ask_again(origin, wish={"full_data": True})["status"] == 202


def test_an_overwritten_file_is_no_hindrance_since_its_version_is_pinned(platform, origin):
    platform.runtime.s3.put_object(Bucket=BUCKET, Key=f"incoming/{MODEL}/1.csv", Body=b"other")
    assert ask_again(origin)["status"] == 202


def test_everything_that_is_gone_is_named_at_once(platform, origin):
    recipe = json.loads(_artifact_of(platform, origin))
    source = recipe["source"]["kept_uri"].removeprefix(f"s3://{BUCKET}/")
    platform.runtime.s3.delete_object(Bucket=BUCKET, Key=source)
    platform.runtime.s3.delete_object(Bucket=BUCKET, Key=keys.manifest_key(MODEL, 2))
    told = gone(ask_again(origin))
    assert len(told) == 2
    assert "packed code" in told[0]
    assert "manifest" in told[1]


def _artifact_of(platform: MotoPlatform, _: str) -> bytes:
    return artifact(platform, platform.pipelines.started[0], "recipe/recipe.json")


def rewrite(platform: MotoPlatform, **changed: Any) -> None:
    """Change the recipe of the origin, as if it had been recorded so."""
    arn = platform.pipelines.started[0]
    recipe = json.loads(artifact(platform, arn, "recipe/recipe.json"))
    key = keys.run_prefix(MODEL, arn.rpartition("/")[2]) + "recipe/recipe.json"
    platform.put_json(key, {**recipe, **changed})


def test_a_manifest_with_other_batches_than_the_run_read_is_named(platform, origin):
    data = json.loads(_artifact_of(platform, origin))["data"]
    rewrite(platform, data={**data, "digest": "0" * 64})
    assert "has digest" in gone(ask_again(origin))[0]


def test_what_was_not_recorded_cannot_be_had_again(platform, origin):
    rewrite(platform, data=None, source=None, image="1.dkr.ecr.us-east-1.amazonaws.com/other:1")
    told = gone(ask_again(origin))
    assert ["not kept" in told[0], "not recorded" in told[1], "repository" in told[2]] == [True] * 3


def test_a_size_that_changed_is_named(platform, origin):
    data = json.loads(_artifact_of(platform, origin))["data"]
    key = keys.manifest_key(MODEL, 2)
    body = platform.runtime.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    manifest = json.loads(body)
    manifest["batches"][0]["size"] = 11
    platform.put_json(key, manifest)
    digest = Manifest.model_validate(manifest, strict=False).digest
    rewrite(platform, data={**data, "digest": digest})
    assert "has 10 bytes, not 11" in gone(ask_again(origin))[0]


def test_on_full_data_the_newest_version_or_a_named_one_is_trained(platform, origin):
    accept(platform, 3)
    answer = ask_again(origin, wish={"full_data": True})
    assert (answer["purpose"], started(platform)["DatasetVersion"]) == ("full_data", "3")
    arn = platform.pipelines.started[-1]
    end(platform, arn)
    told = get(f"/v1/runs/{run_id(arn)}")
    assert told["reproduction"] is None
    assert told["tags"]["trimtab.purpose"] == "full_data"
    ask_again(origin, wish={"dataset": 1})
    assert started(platform)["DatasetVersion"] == "1"


def test_a_parameter_is_changed_by_its_own_name_or_a_hyperparameters(platform, origin):
    answer = ask_again(origin, wish={"changes": {"max-iter": "7", "Seed": "1"}})
    given = started(platform)
    assert (answer["purpose"], given["Hyper-max-iter"], given["Seed"]) == ("changed", "7", "1")


def test_a_parameter_that_the_pipeline_does_not_have_is_refused_with_those_it_has(platform, origin):
    for name in ("depth", "RequestId"):
        answer = ask_again(origin, wish={"changes": {name: "7"}})
        assert (answer["status"], answer["code"]) == (409, "IRREPRODUCIBLE")
        assert "max-iter" in answer["hint"]


def test_a_recipe_that_the_deployed_pipeline_cannot_be_given_is_refused(platform, origin):
    rewrite(platform, hyperparameters={"depth": "3"})
    answer = ask_again(origin)
    assert "no parameter Hyper-depth" in answer["detail"]


def test_a_wider_sweep_searches_around_the_recipe_in_the_sweeps_pipeline(platform, origin):
    platform.deploy("sweep", {**DEFINED, **RANGES})
    answer = ask_again(origin, wish={"wider_sweep": True})
    assert answer["purpose"] == "wider_sweep"
    assert "pipeline/trimtab-dev-flight-delays-sweep/" in platform.pipelines.started[-1]
    given = started(platform)
    assert (given["Min-max-iter"], given["Max-max-iter"]) == ("25", "400")
    assert (given["Min-rate"], given["Max-rate"]) == ("0.005", "0.6")


def test_a_wider_sweep_takes_ranges_by_name(platform, origin):
    platform.deploy("sweep", {**DEFINED, **RANGES})
    answer = ask_again(origin, wish={"wider_sweep": True, "space": {"rate": [0.001, 0.9]}})
    assert answer["status"] == 202
    given = started(platform)
    assert (given["Min-rate"], given["Max-rate"]) == ("0.001", "0.9")
    assert "Min-max-iter" not in given
    wrong = ask_again(origin, wish={"wider_sweep": True, "space": {"depth": [1, 2]}})
    assert "depth" in wrong["detail"]


def test_a_model_without_a_sweep_says_so(platform, origin):
    answer = ask_again(origin, wish={"wider_sweep": True})
    assert (answer["status"], answer["code"]) == (409, "IRREPRODUCIBLE")
    assert "there is no pipeline trimtab-dev-flight-delays-sweep" in answer["detail"]


def test_a_run_that_a_client_tracked_has_no_recipe(platform, origin):
    answer = ask_again(begin())
    assert (answer["status"], answer["code"]) == (409, "IRREPRODUCIBLE")
    for nothing in ("0" * 32, "a b"):
        assert ask_again(nothing)["status"] == 404


def test_what_a_rerun_registers_waits_for_a_person(platform, origin):
    answer = ask_again(origin)
    arn = platform.pipelines.started[-1]
    end(platform, arn)
    package = platform.package(
        request_id=answer["request_id"], dataset_version="2", execution_id=arn.rpartition("/")[2]
    )
    assert handle(package_event(package))["status"] == "pending_approval"
    told = get(f"/v1/models/{MODEL}/versions/1")
    assert told["run_id"] == run_id(arn)
    assert not platform.runtime.sagemaker.describe_model_package(ModelPackageName=package).get(
        "ApprovalDescription"
    )
