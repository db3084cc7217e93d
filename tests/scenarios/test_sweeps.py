"""A sweep of twelve trials and one that goes on from it, on the local cloud: each trial a run, the best a version."""

from typing import Any

import pytest

from pipelines.flight_delays import data
from tests.scenarios.conftest import Deployment
from trimtab.domain.recording.ids import run_id_of

MODEL = "flight-delays-xgboost"
FEW_ROUNDS = {"Hyper-rounds": "15"}  # what is shown here is the sweep, not how good the model is


def trained(deployment: Deployment, **plan: Any) -> dict[str, Any]:
    """Ask for a training and return how it ended."""
    wish = {"reason": "which settings are worth their rounds", "plan": plan}
    asked = deployment.api.post(f"/v1/models/{MODEL}/training", wish)
    return deployment.feed.wait("TrainingFinished", request_id=asked["request_id"])


def runs_of(deployment: Deployment, ended: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Return an execution's run and those of its trials."""
    parent = run_id_of(ended["execution_arn"].rpartition("/")[2])
    run = deployment.api.get(f"/v1/runs/{parent}")
    kept = f"tags.`mlflow.parentRunId` = '{parent}'"
    return run, list(deployment.api.items("/v1/runs", experiment=MODEL, filter=kept))


def tuning_job(run: dict[str, Any]) -> str:
    [step] = [one for one in run["execution"]["steps"] if one["name"] == "Tune"]
    return str(step["job"])


@pytest.fixture(scope="module")
def sweep(deployment: Deployment) -> dict[str, Any]:
    """Every eighth flight of January lands; the training that it starts is stopped, and a sweep asked for."""
    few = data.month(1)[::8].to_csv(index=False).encode()
    deployment.put(f"incoming/{MODEL}/january.csv", few)
    first = deployment.feed.wait("TrainingRequested", model=MODEL)
    deployment.cloud.client("sagemaker").stop_pipeline_execution(
        PipelineExecutionArn=first["execution_arn"], ClientRequestToken="s" * 32
    )
    deployment.feed.wait("TrainingFinished", request_id=first["request_id"])
    return trained(deployment, variant="sweep", parameters=FEW_ROUNDS)


def test_every_trial_of_a_sweep_is_a_run_and_the_best_one_is_the_version(
    deployment: Deployment, sweep: dict[str, Any]
):
    assert sweep["phase"] == "successful", sweep
    run, trials = runs_of(deployment, sweep)
    assert run["tags"]["trimtab.pipeline"] == "sweep"
    assert len(trials) == 12
    for each in trials:
        assert each["status"] in ("FINISHED", "KILLED")  # those that fell behind were stopped
        assert {"eta", "max-depth", "rounds", "seed"} <= each["params"].keys()
        assert each["metrics"]["objective"] == each["metrics"]["train/validation_auc"]
    assert len({tuple(sorted(each["params"].items())) for each in trials}) == 12
    finished = [each for each in trials if each["status"] == "FINISHED"]
    best = max(finished, key=lambda each: each["metrics"]["objective"])
    assert best["tags"]["trimtab.best_trial"] == "true"
    assert best["metrics"]["auc.low"] < best["metrics"]["auc"] < best["metrics"]["auc.high"]
    version = deployment.api.get(f"/v1/models/{MODEL}/versions/1")
    assert version["run_id"] == best["run_id"]


def test_a_sweep_that_goes_on_knows_what_the_first_one_tried(
    deployment: Deployment, sweep: dict[str, Any]
):
    first, tried = runs_of(deployment, sweep)
    given = {**FEW_ROUNDS, "Trials": "2", "WarmStartFrom": tuning_job(first)}
    ended = trained(deployment, variant="sweep-warm", parameters=given)
    run, trials = runs_of(deployment, ended)
    assert run["params"]["pipeline/WarmStartFrom"] == tuning_job(first)
    assert len(trials) == 2
    before = [each["params"] for each in tried]
    assert all(each["params"] not in before for each in trials)
    described = deployment.cloud.client("sagemaker").describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=tuning_job(run)
    )
    [parent] = described["WarmStartConfig"]["ParentHyperParameterTuningJobs"]
    assert parent["HyperParameterTuningJobName"] == tuning_job(first)
