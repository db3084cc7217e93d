"""Executions as runs of the registry: recipe, metrics, costs, files; trials as children; repetitions add nothing."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.request_training.handler import lambda_handler as request_training
from tests.accepted_data import accept
from tests.fake_pipelines import STARTED_AT
from tests.functions.mlflow_wire import ask
from tests.functions.test_record_training import (
    GATE_STEP,
    SENTENCE,
    TRAIN_STEP,
    execution_event,
    handle,
)
from tests.functions.test_registry_api import get
from tests.moto_platform import ENVIRONMENT, MODEL, Context, MotoPlatform
from trimtab import names
from trimtab.aws import keys
from trimtab.cli.training_plans import SWEEPS
from trimtab.domain.recording.ids import run_id_of

BUCKET = ENVIRONMENT["TRIMTAB_BUCKET"]
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0"
SOURCE, STEPS, CODE = (f"s3://{BUCKET}/packed/{name}" for name in ("a.tar.gz", "b.zip", "c.json"))
REPORT: dict[str, Any] = {
    "rows": 5000,
    "metrics": {"auc": {"value": 0.742, "low": 0.731, "high": 0.753}},
    "champion": {"version": 1, "metrics": {"auc": {"value": 0.7, "low": 0.6, "high": 0.8}}},
    "gate": {"passed": True, "sentence": SENTENCE, "checks": []},
    "artifact": {"digest": "d" * 64, "bytes": 1000},
    "curves": {"roc": {"challenger": [[0, 0], [0.2, 0.7], [1, 1]]}},
    "environment": {"python": "3.12.4", "packages": {"numpy": "2.4.1"}},
}
PREPARE = {
    "StepName": "Prepare",
    "StepStatus": "Succeeded",
    "StartTime": STARTED_AT,
    "EndTime": STARTED_AT + timedelta(seconds=60),
    "Metadata": {
        "ProcessingJob": {"Arn": "arn:aws:sagemaker:us-east-1:1:processing-job/prepare-1"}
    },
}
TRAIN = {
    "StepName": "Train",
    "StepStatus": "Succeeded",
    "StartTime": STARTED_AT + timedelta(seconds=60),
    "EndTime": STARTED_AT + timedelta(seconds=200),
    "Metadata": {"TrainingJob": {"Arn": "arn:aws:sagemaker:us-east-1:1:training-job/train-1"}},
}
PREPARING = {
    "AppSpecification": {"ImageUri": IMAGE},
    "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}},
    "ProcessingInputs": [{"InputName": "code", "S3Input": {"S3Uri": STEPS}}],
    "ProcessingStartTime": STARTED_AT,
    "ProcessingEndTime": STARTED_AT + timedelta(seconds=36),
}
TRAINING = {
    "AlgorithmSpecification": {"TrainingImage": IMAGE},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "BillableTimeInSeconds": 72,
    "HyperParameters": {
        "max-iter": "100",
        "seed": "2013",
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": SOURCE,
    },
    "FinalMetricDataList": [
        {"MetricName": "validation:auc", "Value": 0.74, "Timestamp": STARTED_AT}
    ],
    "ModelArtifacts": {
        "S3ModelArtifacts": f"s3://{BUCKET}/artifacts/m/e/model/train-1/output/model.tar.gz"
    },
}


@pytest.fixture
def arn(platform: MotoPlatform) -> str:
    """An execution under way on real batches, with its code packed."""
    accept(platform, 1)
    for uri, body in ((SOURCE, b"source"), (STEPS, b"steps"), (CODE, CODE_FACTS)):
        key = uri.removeprefix(f"s3://{BUCKET}/")
        platform.runtime.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    request_training(accept(platform, 2), Context())
    started = platform.pipelines.started[-1]
    given = platform.pipelines.executions[started]["parameters"]
    given += [{"Name": "SourceUri", "Value": SOURCE}, {"Name": "CodeUri", "Value": CODE}]
    platform.pipelines.jobs |= {
        ("DescribeProcessingJob", "prepare-1"): PREPARING,
        ("DescribeTrainingJob", "train-1"): TRAINING,
    }
    return started


CODE_FACTS = json.dumps(
    {"commit": "c0ffee", "branch": "main", "dirty": True, "diff": "-a\n+b\n"}
).encode()


def finish(platform: MotoPlatform, arn: str, status: str = "Succeeded", *steps: Any) -> None:
    """Let an execution end, and its event come."""
    platform.pipelines.end(arn, status, *(steps or (PREPARE, TRAIN)))
    handle(execution_event(arn, status))


def report(platform: MotoPlatform, arn: str, **changed: Any) -> None:
    """Leave the evaluation's report."""
    platform.put_json(keys.evaluation_key(MODEL, arn.rpartition("/")[2]), {**REPORT, **changed})


def run_id(arn: str) -> str:
    return run_id_of(arn.rpartition("/")[2])


def run_of(arn: str) -> dict[str, Any]:
    """The run as an MLflow client reads it."""
    return ask("GET", "runs/get", run_id=run_id(arn))["run"]


def pairs(told: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["key"]: one["value"] for one in told}


def artifact(platform: MotoPlatform, arn: str, path: str) -> bytes:
    """A file of the run's artifacts."""
    key = keys.run_prefix(MODEL, arn.rpartition("/")[2]) + path
    return platform.runtime.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_an_execution_is_a_run_of_its_models_experiment_from_its_start(platform, arn):
    handle(execution_event(arn, "Executing"))
    run = run_of(arn)
    assert run["info"]["status"] == "RUNNING"
    experiment = ask("GET", "experiments/get-by-name", experiment_name=MODEL)["experiment"]
    assert run["info"]["experiment_id"] == experiment["experiment_id"]
    report(platform, arn)
    finish(platform, arn)
    ended = run_of(arn)["info"]
    assert (ended["status"], ended["start_time"]) == ("FINISHED", run["info"]["start_time"])
    assert ended["end_time"] - ended["start_time"] == 300_000


def test_a_run_has_recipe_parameters_metrics_with_intervals_and_verdict(platform, arn):
    report(platform, arn)
    finish(platform, arn)
    data = run_of(arn)["data"]
    params, metrics, tags = (pairs(data[kind]) for kind in ("params", "metrics", "tags"))
    assert (params["max-iter"], params["seed"]) == ("100", "2013")
    assert params["pipeline/DatasetVersion"] == "2"
    assert (metrics["auc"], metrics["auc.low"], metrics["auc.high"]) == (0.742, 0.731, 0.753)
    assert (metrics["champion.auc"], metrics["train/validation:auc"]) == (0.7, 0.74)
    assert metrics["duration_seconds"] == 300
    assert metrics["cost_usd"] == pytest.approx(0.115 * (36 + 72) / 3600, abs=1e-6)
    assert (tags["trimtab.verdict"], tags["trimtab.gate"]) == (SENTENCE, "passed")
    assert (tags["mlflow.source.git.commit"], tags["trimtab.code.dirty"]) == ("c0ffee", "true")
    assert tags["trimtab.execution"] == arn
    recipe = json.loads(artifact(platform, arn, "recipe/recipe.json"))
    assert (recipe["image"], recipe["seed"]) == (IMAGE, "2013")
    assert recipe["data"]["dataset_version"] == 2
    assert recipe["environment"] == {"python": "3.12.4", "packages": {"numpy": "2.4.1"}}
    assert artifact(platform, arn, "recipe/code.diff") == b"-a\n+b\n"
    assert b"<svg" in artifact(platform, arn, "plots/roc.svg")


def test_the_code_of_a_run_is_kept_where_no_deployment_removes_it(platform, arn):
    report(platform, arn)
    finish(platform, arn)
    recipe = json.loads(artifact(platform, arn, "recipe/recipe.json"))
    for kind, body in (("source", b"source"), ("steps", b"steps")):
        bucket, _, key = recipe[kind]["kept_uri"].removeprefix("s3://").partition("/")
        assert recipe[kind]["sha256"] in key
        assert platform.runtime.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    platform.runtime.s3.delete_object(Bucket=BUCKET, Key=SOURCE.removeprefix(f"s3://{BUCKET}/"))
    handle(execution_event(arn, "Succeeded"))
    assert json.loads(artifact(platform, arn, "recipe/recipe.json"))["source"] == recipe["source"]


def test_an_mlflow_client_finds_the_run_its_data_and_its_artifacts(platform, arn):
    report(platform, arn)
    finish(platform, arn)
    found = ask(
        "POST",
        "runs/search",
        {
            "experiment_ids": [run_of(arn)["info"]["experiment_id"]],
            "filter": "metrics.auc > 0.7 AND params.seed = '2013' AND tags.`trimtab.gate` = 'passed'",
        },
    )["runs"]
    assert [one["info"]["run_id"] for one in found] == [run_id(arn)]
    [data] = found[0]["inputs"]["dataset_inputs"]
    assert data["dataset"]["source_type"] == "s3"
    files = ask("GET", "artifacts/list", run_id=run_id(arn), path="recipe")["files"]
    assert {"recipe/recipe.json", "recipe/execution.json"} <= {one["path"] for one in files}


def test_our_own_api_tells_recipe_durations_and_costs_of_a_run(platform, arn):
    report(platform, arn)
    finish(platform, arn)
    told = get(f"/v1/runs/{run_id(arn)}")
    assert told["recipe"]["data"]["rows"] == 2000
    steps = {step["name"]: step for step in told["execution"]["steps"]}
    assert (steps["Prepare"]["seconds"], steps["Train"]["billed_seconds"]) == (60, 72)
    assert told["execution"]["prices_as_of"]


def test_the_same_end_told_again_changes_nothing(platform, arn):
    report(platform, arn)
    finish(platform, arn)
    first = run_of(arn)
    for status in ("Succeeded", "Executing", "Succeeded"):
        handle(execution_event(arn, status))
    assert run_of(arn) == first
    history = ask("GET", "metrics/get-history", run_id=run_id(arn), metric_key="auc")["metrics"]
    assert len(history) == 1


def test_what_people_add_to_a_recorded_run_stays(platform, arn):
    handle(execution_event(arn, "Executing"))
    ask("POST", "runs/set-tag", {"run_id": run_id(arn), "key": "note", "value": "watch this"})
    ask("POST", "runs/update", {"run_id": run_id(arn), "run_name": "the good one"})
    report(platform, arn)
    finish(platform, arn)
    run = run_of(arn)
    assert pairs(run["data"]["tags"])["note"] == "watch this"
    assert (run["info"]["run_name"], run["info"]["status"]) == ("the good one", "FINISHED")


def test_a_run_that_only_claims_to_be_an_execution_is_shown_without_its_recipe(platform, arn):
    report(platform, arn)
    finish(platform, arn)
    claims = [{"key": "trimtab.execution", "value": arn}, {"key": "trimtab.model", "value": MODEL}]
    made = ask("POST", "runs/create", {"experiment_id": "0", "tags": claims})["run"]["info"]
    assert get(f"/v1/runs/{made['run_id']}")["recipe"] is None


def test_a_refused_challenger_is_a_finished_run_with_the_gates_numbers(platform, arn):
    gate = {"passed": False, "sentence": "auc 0.512 < floor 0.6", "checks": []}
    report(platform, arn, gate=gate)
    finish(platform, arn, "Failed", PREPARE, TRAIN, GATE_STEP)
    run = run_of(arn)
    tags = pairs(run["data"]["tags"])
    assert (run["info"]["status"], tags["trimtab.gate"]) == ("FINISHED", "refused")
    assert tags["trimtab.verdict"] == "auc 0.512 < floor 0.6"


def write_log(platform: MotoPlatform, stream: str, lines: list[str]) -> None:
    """Leave the log of a training job."""
    logs, group = platform.runtime.logs, "/aws/sagemaker/TrainingJobs"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    at = int(datetime.now(UTC).timestamp() * 1000)
    events: Any = [{"timestamp": at + n, "message": line} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def test_a_broken_run_tells_its_step_its_reason_and_the_last_words_of_its_log(platform, arn):
    write_log(platform, "t/algo-1-1", [f"line {number}\n" for number in range(40)])
    platform.pipelines.jobs["DescribeTrainingJob", "t"] = TRAINING
    finish(platform, arn, "Failed", PREPARE, TRAIN_STEP)
    run = run_of(arn)
    tags = pairs(run["data"]["tags"])
    assert (run["info"]["status"], tags["trimtab.failed_step"]) == ("FAILED", "Train")
    assert "column late is missing" in tags["trimtab.verdict"]
    told = json.loads(artifact(platform, arn, "recipe/execution.json"))
    assert told["log"][-1] == "line 39"
    assert len(told["log"]) == 30


def test_metrics_of_a_training_are_told_by_step_as_its_log_tells_them(platform, arn):
    lines = [f"[{n}] validation:auc={0.5 + n / 1000}" for n in range(300)]
    write_log(platform, "train-1/algo-1-1", lines)
    defined = [{"Name": "validation:auc", "Regex": "validation:auc=([0-9.]+)"}]
    specified = {"TrainingImage": IMAGE, "MetricDefinitions": defined}
    job = {**TRAINING, "AlgorithmSpecification": specified}
    platform.pipelines.jobs["DescribeTrainingJob", "train-1"] = job
    report(platform, arn)
    finish(platform, arn)
    asked = {"run_id": run_id(arn), "metric_key": "train/validation:auc"}
    history = ask("GET", "metrics/get-history", **asked)["metrics"]
    steps = sorted(int(point.get("step", 0)) for point in history)
    assert (len(steps), steps[0], steps[-1]) == (100, 0, 299)
    last = pairs(run_of(arn)["data"]["metrics"])["train/validation:auc"]
    assert last == pytest.approx(0.799)
    handle(execution_event(arn, "Succeeded"))
    assert len(ask("GET", "metrics/get-history", **asked)["metrics"]) == 100


def test_a_log_that_is_not_there_keeps_no_run_from_being_recorded(platform, arn):
    platform.pipelines.jobs["DescribeTrainingJob", "t"] = TRAINING
    finish(platform, arn, "Failed", PREPARE, TRAIN_STEP)
    assert json.loads(artifact(platform, arn, "recipe/execution.json"))["log"] == []


def test_a_stopped_execution_is_a_killed_run(platform, arn):
    finish(platform, arn, "Stopped", PREPARE)
    assert run_of(arn)["info"]["status"] == "KILLED"


def test_what_keeps_a_run_from_being_recorded_does_not_keep_the_request_from_ending(platform, arn):
    denied = {"Error": {"Code": "ThrottlingException", "Message": "slow down"}}

    def throttle(**_: Any) -> None:
        raise ClientError(denied, "DescribeTrainingJob")

    events, asked = platform.runtime.sagemaker.meta.events, "sagemaker.DescribeTrainingJob"
    events.register(f"provide-client-params.{asked}", throttle)
    with pytest.raises(ClientError):
        finish(platform, arn)
    assert len(platform.named("TrainingFinished")) == 1
    events.unregister(f"provide-client-params.{asked}", throttle)
    handle(execution_event(arn, "Succeeded"))
    assert run_of(arn)["info"]["status"] == "FINISHED"


def sweep(platform: MotoPlatform, count: int) -> str:
    """An execution of the sweep's pipeline, whose tuning job has so many trials; the last is the best."""
    accept(platform, 1)
    request_training(accept(platform, 2), Context())
    begun = platform.pipelines.executions[platform.pipelines.started[-1]]
    pipeline = names.pipeline_name("dev", MODEL, "sweep")
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:pipeline/{pipeline}/execution/s1"
    platform.pipelines.executions[arn] = {**begun, "PipelineExecutionArn": arn}
    trials = [trial(number) for number in range(count)]
    for one in trials:
        own = {
            "_tuning_objective_metric": "validation:auc"
        }  # for the container, none of the script's
        tuned = {**TRAINING["HyperParameters"], **one["TunedHyperParameters"], **own}
        job = {**TRAINING, "HyperParameters": tuned}
        platform.pipelines.jobs["DescribeTrainingJob", one["TrainingJobName"]] = job
    tuning = {
        "BestTrainingJob": {"TrainingJobName": trials[-1]["TrainingJobName"]},
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {"TrainingImage": IMAGE},
            "StaticHyperParameters": TRAINING["HyperParameters"],
        },
    }
    platform.pipelines.jobs["DescribeHyperParameterTuningJob", "tune-1"] = tuning
    platform.pipelines.jobs["DescribeProcessingJob", "prepare-1"] = PREPARING
    listed = {"TrainingJobSummaries": trials}
    platform.pipelines.jobs["ListTrainingJobsForHyperParameterTuningJob", "tune-1"] = listed
    return arn


def trial(number: int) -> dict[str, Any]:
    """What SageMaker lists of a trial."""
    return {
        "TrainingJobName": f"tune-1-{number:03d}",
        "TrainingJobStatus": "Failed" if number == 0 else "Completed",
        "CreationTime": STARTED_AT,
        "TrainingStartTime": STARTED_AT,
        "TrainingEndTime": STARTED_AT + timedelta(seconds=60),
        "TunedHyperParameters": {"max-iter": str(100 + number)},
        "FinalHyperParameterTuningJobObjectiveMetric": {
            "MetricName": "validation:auc",
            "Value": 0.7 + number / 10_000,
        },
    }


TUNE = {
    **TRAIN,
    "StepName": "Tune",
    "Metadata": {
        "TuningJob": {"Arn": "arn:aws:sagemaker:us-east-1:1:hyper-parameter-tuning-job/tune-1"}
    },
}


def test_trials_are_children_with_parameters_objective_and_metrics(platform):
    arn = sweep(platform, 30)
    report(platform, arn)
    finish(platform, arn, "Succeeded", PREPARE, TUNE)
    parent = run_id(arn)
    experiment = run_of(arn)["info"]["experiment_id"]
    children = ask(
        "POST",
        "runs/search",
        {
            "experiment_ids": [experiment],
            "filter": f"tags.`mlflow.parentRunId` = '{parent}'",
            "order_by": ["metrics.objective DESC"],
            "max_results": 1000,
        },
    )["runs"]
    assert len(children) == 30
    best = children[0]
    assert best["info"]["run_id"] == run_id_of("s1", "tune-1-029")
    metrics = pairs(best["data"]["metrics"])
    assert (metrics["objective"], metrics["auc"]) == (pytest.approx(0.7029), 0.742)
    assert metrics["train/validation:auc"] == 0.74
    params = pairs(best["data"]["params"])
    assert params["max-iter"] == "129"
    assert "_tuning_objective_metric" not in params
    assert {one["info"]["status"] for one in children} == {"FINISHED", "FAILED"}
    sweeping = pairs(run_of(arn)["data"]["metrics"])
    assert sweeping["cost_usd"] == pytest.approx(0.115 * (36 + 72 * 30) / 3600, abs=1e-4)
    assert "auc" not in sweeping
    again = run_of(arn)
    handle(execution_event(arn, "Succeeded"))
    assert run_of(arn) == again


def test_the_last_sweep_that_ended_is_found_as_the_command_line_asks_for_it(platform, arn):
    finish(platform, arn)
    swept = sweep(platform, 2)
    report(platform, swept)
    query = {"experiment": MODEL, "filter": SWEEPS, "limit": "1"}
    assert get("/v1/runs", **query)["items"] == []
    finish(platform, swept, "Succeeded", PREPARE, TUNE)
    (found,) = get("/v1/runs", **query)["items"]
    execution = get(f"/v1/runs/{found['run_id']}")["execution"]
    assert "tune-1" in [each["job"] for each in execution["steps"]]
