"""What a training leaves behind, and whether it can be had again: on the local cloud, with what one file makes."""

from typing import Any

from tests.scenarios.conftest import MODEL, Deployment
from trimtab.domain.recording.runs import run_id_of


def run_of_champion(deployment: Deployment) -> dict[str, Any]:
    """The run that made version 1, by our own API."""
    version = deployment.api.get(f"/v1/models/{MODEL}/versions/1")
    assert version["run_id"] == run_id_of(version["execution_id"])
    return deployment.api.get(f"/v1/runs/{version['run_id']}")


def test_the_champions_run_tells_recipe_durations_cost_and_verdict(
    deployment: Deployment, champion: dict
):
    run = run_of_champion(deployment)
    assert (run["status"], run["experiment"]) == ("FINISHED", MODEL)
    assert run["metrics"]["auc.low"] < run["metrics"]["auc"] < run["metrics"]["auc.high"]
    recipe, execution = run["recipe"], run["execution"]
    assert recipe["source"]["kept_uri"].startswith("s3://")
    assert (recipe["data"]["dataset_version"], recipe["seed"]) == (1, "2013")
    steps = {step["name"]: step for step in execution["steps"]}
    assert {"Prepare", "Train", "Evaluate", "Register"} <= set(steps)
    assert steps["Train"]["cost_usd"] > 0
    assert execution["cost_usd"] > 0
    assert run["tags"]["trimtab.gate"] == "passed"
    up = deployment.api.get("/v1/lineage", of=f"version:{MODEL}/1", direction="up")
    assert f"run:{run['run_id']}" in [f"{one['kind']}:{one['id']}" for one in up["things"]]
