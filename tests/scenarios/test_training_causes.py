"""Every cause of training starts a run, or rightly does not, on the local cloud; each says why."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.flight_delays import data
from tests.scenarios.conftest import MODEL, Deployment

PATH = f"/v1/models/{MODEL}/training"
NEW_YORK = ZoneInfo("America/New_York")
WINDOW = {"window_start": "2013-02-01T00:00:00Z", "window_end": "2013-02-08T00:00:00Z"}
DRIFT = {
    "reason": "psi of temp 0.41 > 0.2 in 5,961 rows",
    "incident_id": "drift-in-february",
    "kind": "data",
    "features": ["temp", "humid"],
    "metric": "psi",
    "effect": 0.41,
    "limit": 0.2,
    "rows": 5961,
    **WINDOW,
}
QUALITY = {"metric": "auc", "effect": 0.58, "limit": 0.62, "labels": 5800, **WINDOW}


def tell(deployment: Deployment, name: str, **detail: Any) -> None:
    """Put an event of Trimtab's on its bus, as the monitoring of a version does."""
    said = {"model": MODEL, "at": datetime.now(UTC).isoformat(), "version": 1, **detail}
    bus = f"trimtab-{deployment.cloud.connection.stage}"
    entry = {
        "EventBusName": bus,
        "Source": "trimtab",
        "DetailType": name,
        "Detail": json.dumps(said),
    }
    answer = deployment.cloud.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def stop(deployment: Deployment, started: dict[str, Any]) -> dict[str, Any]:
    """Stop a run whose start was all that was wanted, and return how it ended."""
    deployment.cloud.client("sagemaker").stop_pipeline_execution(
        PipelineExecutionArn=started["execution_arn"],
        ClientRequestToken=started["request_id"].ljust(32, "s"),
    )
    return deployment.feed.wait("TrainingFinished", request_id=started["request_id"])


def dataset(deployment: Deployment) -> int:
    """Return the newest dataset version."""
    newest: int = deployment.api.get(f"/v1/models/{MODEL}/datasets")["items"][0]["version"]
    return newest


@pytest.fixture(scope="module")
def february(deployment: Deployment, champion: dict[str, Any]) -> int:
    """Half of February lands, which is not enough to train by itself; return the dataset version it makes."""
    rows = data.month(2)
    half = rows.head(len(rows) // 2).to_csv(index=False).encode()
    deployment.put(f"incoming/{MODEL}/half of february.csv", half)
    key = f"incoming/{MODEL}/half of february.csv"
    version: int = deployment.feed.wait("DatasetAccepted", batch_key=key)["dataset_version"]
    return version


def test_the_first_data_started_the_first_run(deployment: Deployment, champion: dict[str, Any]):
    first = list(deployment.api.items(PATH))[-1]
    assert first["cause"] == "new_data"
    assert first["reason"].startswith("the first training, on all ")


def test_new_data_that_are_too_few_start_nothing_and_say_how_few(
    deployment: Deployment, february: int
):
    skipped = deployment.feed.wait("TrainingSkipped", cause="new_data", dataset_version=february)
    assert "new rows since the last training < 40,000" in skipped["reason"]
    assert (skipped["policy"], skipped["limit"]) == ("retraining.minimum_new_rows", 40_000)


def test_the_schedule_fires_in_its_time_zone_and_rightly_starts_nothing(
    deployment: Deployment, february: int
):
    now = datetime.fromisoformat(deployment.cloud.status()["clock"]["now"])
    here = now.astimezone(NEW_YORK)
    monday = here.date() + timedelta(days=(7 - here.weekday()) % 7 or 7)
    due = datetime.combine(monday, datetime.min.time(), NEW_YORK) + timedelta(hours=3)
    deployment.cloud.advance(due.astimezone(UTC) - now + timedelta(seconds=1))
    skipped = deployment.feed.wait("TrainingSkipped", cause="schedule")
    keys = [one["key"] for one in deployment.api.get(f"{PATH}/why")["causes"]]
    assert f"schedule-{due.astimezone(UTC):%Y%m%dT%H%M%SZ}" in keys
    assert "new rows since the last training < 40,000" in skipped["reason"]


def test_drift_starts_a_run_on_fewer_rows_and_what_comes_meanwhile_is_decided_after_it(
    deployment: Deployment, february: int
):
    tell(deployment, "DriftDetected", **DRIFT)
    run = deployment.feed.wait("TrainingRequested", cause="drift")
    assert run["reason"].startswith(f"{DRIFT['reason']}; dataset {february} has ")
    assert "< 40,000 (retraining.minimum_new_rows)" in run["reason"]

    tell(deployment, "QualityBreached", reason="auc 0.58 < 0.62", incident_id="q-1", **QUALITY)
    joined = deployment.feed.wait("TrainingJoined", cause="quality")
    assert joined["request_id"] == run["request_id"]

    plan = {"purpose": "changed", "parameters": {"Seed": "7"}}
    wish = deployment.api.post(PATH, {"reason": "another seed", "plan": plan})
    assert (wish["decision"], wish["waits_for"]) == ("wait", "run")
    deployment.feed.wait("TrainingDeferred", cause="person", waits_for="run")

    assert stop(deployment, run)["phase"] == "error"
    after = deployment.feed.wait("TrainingRequested", cause="person", reason="another seed")
    execution = deployment.cloud.client("sagemaker").list_pipeline_parameters_for_execution(
        PipelineExecutionArn=after["execution_arn"]
    )
    given = {one["Name"]: one["Value"] for one in execution["PipelineParameters"]}
    assert (given["Seed"], given["DatasetVersion"]) == ("7", str(february))
    stop(deployment, after)


def test_a_loss_of_quality_starts_a_run_with_its_own_sentence(
    deployment: Deployment, february: int
):
    tell(deployment, "QualityBreached", reason="auc 0.57 < 0.62", incident_id="q-2", **QUALITY)
    run = deployment.feed.wait("TrainingRequested", cause="quality")
    assert run["reason"].startswith(f"auc 0.57 < 0.62; dataset {february} has ")
    stop(deployment, run)


def test_one_question_tells_all_of_it(deployment: Deployment, february: int):
    now = datetime.fromisoformat(deployment.cloud.status()["clock"]["now"])
    told = deployment.api.get(f"{PATH}/why", **{"from": (now - timedelta(hours=1)).isoformat()})
    assert "runs were started, the last at" in told["sentence"]
    outcomes = {(one["cause"], one["outcome"]) for one in told["causes"]}
    assert outcomes >= {
        ("schedule", "skip"),
        ("drift", "start"),
        ("quality", "join"),
        ("person", "wait"),
        ("person", "start"),
        ("quality", "start"),
    }
    assert (told["waiting"], told["running"]) == ([], None)
