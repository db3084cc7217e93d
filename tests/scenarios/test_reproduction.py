"""What a training leaves behind, and whether it can be had again: on the local cloud, with what one file makes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.scenarios.conftest import MODEL, Deployment
from trimtab.cli.reproduce import Waiting
from trimtab.domain.datasets import Manifest
from trimtab.domain.recording.ids import run_id_of
from trimtab.errors import Conflict


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


def test_a_run_of_this_machine_is_reproduced_on_the_very_bytes(
    deployment: Deployment, champion: dict
):
    origin = run_of_champion(deployment)
    told = rerun(deployment, origin["run_id"])
    again = told["reproduction"]
    assert again["result"] == "bit-equal", again["sentence"]
    assert again["origin"]["digest"] == again["rerun"]["digest"]
    assert again["differences"] == []
    assert told["recipe"]["data"] == origin["recipe"]["data"]
    assert told["recipe"]["source"]["sha256"] == origin["recipe"]["source"]["sha256"]
    assert told["tags"]["trimtab.origin_run_id"] == origin["run_id"]
    state = deployment.api.get(f"/v1/models/{MODEL}")
    assert state["champion"]["version"] == 1  # a rerun shows something, it replaces nobody


def test_another_package_than_the_recorded_one_is_named(deployment: Deployment, champion: dict):
    origin = run_of_champion(deployment)
    with recipe_of(deployment, origin) as recipe:
        recipe["environment"]["packages"]["scikit-learn"] = "1.8.0"
        deployment.put(recipe_key(origin), json.dumps(recipe).encode())
        again = rerun(deployment, origin["run_id"])["reproduction"]
    [difference] = again["differences"]
    assert (difference["what"], difference["before"]) == ("package scikit-learn", "1.8.0")
    assert "package scikit-learn 1.8.0 → " in again["sentence"]


def test_a_batch_whose_pinned_bytes_are_gone_is_refused_by_name(
    deployment: Deployment, champion: dict
):
    origin = run_of_champion(deployment)
    bucket, key = deployment.cloud.connection.data_bucket, "incoming/of-nobody/january.csv"
    version = deployment.put(key, b"late\n1\n")["VersionId"]
    with recipe_of(deployment, origin) as recipe:
        manifest = deployment.object(recipe["data"]["manifest_uri"])
        manifest["batches"][0] |= {"key": key, "version_id": version, "size": 7}
        copy = f"datasets/{MODEL}/of-nobody/manifest.json"
        deployment.put(copy, json.dumps(manifest).encode())
        digest = Manifest.model_validate(manifest, strict=False).digest
        recipe["data"] |= {"manifest_uri": f"s3://{bucket}/{copy}", "digest": digest}
        deployment.put(recipe_key(origin), json.dumps(recipe).encode())
        deployment.put(key, b"late\n0\n")  # another byte, in another version: hinders nothing
        deployment.cloud.client("s3").delete_object(Bucket=bucket, Key=key, VersionId=version)
        with pytest.raises(Conflict) as refused:
            ask_again(deployment, origin["run_id"])
    assert refused.value.code == "IRREPRODUCIBLE"
    assert f"{key}, version {version}, is gone" in refused.value.message


def recipe_key(run: dict[str, Any]) -> str:
    execution = run["tags"]["trimtab.execution"].rpartition("/")[2]
    return f"artifacts/{MODEL}/{execution}/recipe/recipe.json"


@contextmanager
def recipe_of(deployment: Deployment, run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Lend a run's recipe to be changed, and put it back as it was."""
    key = recipe_key(run)
    recorded = deployment.object(f"s3://{deployment.cloud.connection.data_bucket}/{key}")
    try:
        yield json.loads(json.dumps(recorded))
    finally:
        deployment.put(key, json.dumps(recorded).encode())


def ask_again(deployment: Deployment, run_id: str) -> dict[str, Any]:
    return deployment.api.post(f"/v1/runs/{run_id}/reproductions", {})


def rerun(deployment: Deployment, run_id: str) -> dict[str, Any]:
    """Ask for a run again, and return the new one once it has its verdict."""
    return Waiting(deployment.api, ask_again(deployment, run_id), minutes=5).run()
