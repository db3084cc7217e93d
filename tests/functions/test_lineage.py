"""Lineage over HTTP: from a file to what answers, and back, through pipelines and through tracked runs."""

import json
from typing import Any

import pytest

from functions.request_training.handler import lambda_handler as request_training
from tests.accepted_data import accept
from tests.functions.mlflow_wire import ask
from tests.functions.test_record_training import evaluation, execution_event, handle, package_event
from tests.functions.test_registry_api import call, get
from tests.functions.test_runs import track
from tests.moto_platform import ENVIRONMENT, MODEL, Context, MotoPlatform
from trimtab.aws.rollouts import rollout_write
from trimtab.aws.training import Trainings
from trimtab.domain.recording.ids import run_id_of
from trimtab.domain.rollouts import Phase, Rollout
from trimtab.domain.windows import Window

BUCKET = ENVIRONMENT["TRIMTAB_BUCKET"]
FILE, DATASET = f"file:incoming/{MODEL}", f"dataset:{MODEL}"
VERSION, ENDPOINT = f"version:{MODEL}/1", f"endpoint:trimtab-dev-{MODEL}-v1"


def refs(told: dict[str, Any]) -> list[str]:
    """The names of all things but the asked ones, in the order they are told."""
    return [f"{one['kind']}:{one['id']}" for one in told["things"]]


@pytest.fixture
def training(platform: MotoPlatform) -> str:
    """Three files, a training on the second dataset version, its version with an endpoint; return its name."""
    accept(platform, 1)
    request_training(accept(platform, 2), Context())
    accept(platform, 3)
    [request] = Trainings(platform.table).requests(MODEL)[0]
    arn = str(request.execution_arn)
    evaluation(platform, arn.rpartition("/")[2], "auc 0.742 >= floor 0.6", passed=True)
    platform.pipelines.end(arn, "Succeeded")
    handle(execution_event(arn, "Succeeded"))
    package = platform.package(
        request_id=request.request_id, dataset_version="2", execution_id=arn.rpartition("/")[2]
    )
    handle(package_event(package))
    rollout = Rollout(
        version=1,
        phase=Phase.running,
        endpoint_name=ENDPOINT.removeprefix("endpoint:"),
        actor="ann",
        reason="approved",
        started_at=platform.clock.now(),
    )
    platform.table.commit(rollout_write(MODEL, None, rollout))
    return f"training:{MODEL}/{request.request_id}"


def run_of(platform: MotoPlatform) -> str:
    """The name of the training's run."""
    return f"run:{run_id_of(platform.pipelines.started[0].rpartition('/')[2])}"


def report(platform: MotoPlatform) -> str:
    """The name of the training's report."""
    execution = platform.pipelines.started[0].rpartition("/")[2]
    return f"report:s3://{BUCKET}/artifacts/{MODEL}/{execution}/evaluation/evaluation.json"


def test_a_file_leads_to_every_version_and_endpoint_that_saw_it(platform, training):
    told = get("/v1/lineage", of=f"{FILE}/1.csv", direction="down")
    assert [one["id"] for one in told["of"]] == [f"incoming/{MODEL}/1.csv@v1"]
    assert refs(told) == [
        f"{DATASET}/1", f"{DATASET}/2", training, run_of(platform), VERSION, ENDPOINT, report(platform),
    ]  # fmt: skip
    assert {"source": training, "target": VERSION} in told["links"]
    assert {"source": f"{FILE}/1.csv@v1", "target": f"{DATASET}/2"} in told["links"]
    assert told["complete"] is True


def test_a_file_that_came_after_the_training_leads_to_its_dataset_only(training):
    assert refs(get("/v1/lineage", of=f"{FILE}/3.csv@v3", direction="down")) == [f"{DATASET}/3"]


def test_an_endpoint_leads_back_to_every_file_it_was_made_of(platform, training):
    told = get("/v1/lineage", of=ENDPOINT, direction="up")
    assert refs(told) == [
        f"{FILE}/1.csv@v1", f"{FILE}/2.csv@v2", f"{DATASET}/2", training, run_of(platform), VERSION,
    ]  # fmt: skip
    assert told["of"][0]["says"] == "rollout running: approved"


def test_what_lies_in_the_middle_is_told_both_ways(platform, training):
    told = get("/v1/lineage", of=training)
    run = run_of(platform)
    assert refs(told)[-5:] == [f"{DATASET}/2", run, VERSION, ENDPOINT, report(platform)]
    assert {"source": run, "target": VERSION} in told["links"]
    assert {"source": training, "target": run} in told["links"]
    assert "auc 0.742 >= floor 0.6" in told["of"][0]["says"]
    assert refs(get("/v1/lineage", of=report(platform), direction="up"))[-1] == training
    assert refs(get("/v1/lineage", of=VERSION, direction="down")) == [ENDPOINT]
    assert list(get("/v1/lineage", of=VERSION, fields="complete")) == ["complete"]


def test_a_window_leaves_out_of_a_dataset_what_it_does_not_hold(platform):
    for number in (1, 2, 3):
        event = accept(platform, number, window=Window(last=2))
    request_training(event, Context())
    told = get("/v1/lineage", of=f"{DATASET}/3", direction="up")
    assert refs(told) == [f"{FILE}/2.csv@v2", f"{FILE}/3.csv@v3"]
    assert refs(get("/v1/lineage", of=f"{FILE}/1.csv", direction="down")) == [f"{DATASET}/1"]


def read_by(run_id: str, digest: str, source: Any) -> None:
    """Say that a run read a dataset, as a client does."""
    told = source if isinstance(source, str) else json.dumps(source)
    data = {"name": "flights", "digest": digest, "source_type": "s3", "source": told}
    ask("POST", "runs/log-inputs", {"run_id": run_id, "datasets": [{"dataset": data}]})


def registered(run_id: str, name: str = "notebook-model") -> str:
    """Register what a run made, as a client does; return the version's name."""
    ask("POST", "registered-models/create", {"name": name})
    body = {"name": name, "source": "s3://elsewhere/model", "run_id": run_id}
    ask("POST", "model-versions/create", body)
    return f"version:{name}/1"


def test_a_tracked_run_leads_from_the_file_it_read_to_the_version_made_of_it(platform):
    accept(platform, 1)
    run = track("tries", "by hand")
    read_by(run, f"{1:064x}"[:36], {"uri": f"s3://{BUCKET}/incoming/{MODEL}/1.csv"})
    version = registered(run)
    told = get("/v1/lineage", of=version, direction="up")
    assert refs(told) == [f"{FILE}/1.csv@v1", f"run:{run}"]
    down = refs(get("/v1/lineage", of=f"{FILE}/1.csv", direction="down"))
    assert down == [f"{DATASET}/1", f"run:{run}", version]
    assert get("/v1/lineage", of=f"run:{run}")["of"][0]["says"] == "by hand: FINISHED"


def test_a_run_that_read_a_dataset_version_is_found_from_it_and_it_from_the_run(platform):
    accept(platform, 1)
    dataset = get(f"/v1/models/{MODEL}/datasets/1")
    run = track("tries", "by hand")
    read_by(run, dataset["batches_digest"][:36], {"uri": dataset["manifest_uri"]})
    assert refs(get("/v1/lineage", of=f"{DATASET}/1", direction="down")) == [f"run:{run}"]
    assert refs(get("/v1/lineage", of=f"run:{run}", direction="up"))[-1] == f"{DATASET}/1"


@pytest.mark.parametrize(
    "source",
    ["a notebook", {"uri": "s3://elsewhere/x.csv"}, {"uri": 7}, [1], "{", {"uri": f"s3://{BUCKET}/incoming/{MODEL}/no.csv"},
     {"uri": f"s3://{BUCKET}/datasets/{MODEL}/9/manifest.json"}],
)  # fmt: skip
def test_data_that_is_not_ours_is_told_by_what_the_run_calls_it(platform, source):
    run = track("tries", "by hand")
    read_by(run, "abc123", source)
    assert refs(get("/v1/lineage", of=f"run:{run}")) == ["data:abc123"]
    down = get("/v1/lineage", of="data:abc123")
    assert (refs(down), down["of"][0]["says"]) == ([f"run:{run}"], "dataset flights of runs")


@pytest.mark.parametrize(
    "of",
    [
        "file:incoming/flight-delays/none.csv",
        "file:elsewhere",
        f"file:{'x' * 1400}",
        "dataset:flight-delays/1",
        "dataset:flight-delays",
        "dataset:nothing/1",
        "dataset:flight-delays/" + "9" * 400,
        "version:flight-delays/one",
        "training:flight-delays/none",
        "run:none",
        f"run:{'x' * 1400}",
        "data:none",
        "endpoint:trimtab-dev-flight-delays-v1",
        "endpoint:elsewhere",
        "report:s3://elsewhere/x",
        f"report:s3://{BUCKET}/artifacts/{MODEL}/e1/evaluation/evaluation.json",
    ],
)
def test_what_is_not_there_has_no_lineage(platform, of):
    status, told = call("GET", "/v1/lineage", of=of)
    assert (status, told["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("of", ["flight-delays", "model:flight-delays", "file:", ":x", "x" * 1501])
def test_what_names_nothing_is_refused(platform, of):
    assert call("GET", "/v1/lineage", of=of)[0] == 400
