"""A training that nobody listens to leaves its run on disk; the registry gets all of it later, once and in order."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.conftest import Deployment
from trimtab.cli import main

ROOT = Path(__file__).parents[2]
POINTS = 1500  # more than one request carries
TRAINING = f"""
from pathlib import Path
from trimtab import tracking

Path("model.pkl").write_bytes(b"trees" * 1_000_000)
run = tracking.start_run("forest", name="wide", params={{"depth": 6, "seed": 1}})
for step in range({POINTS}):
    run.log_metrics({{"loss": 1 / (step + 1)}}, step=step)
run.set_tags({{"phase": "fitting"}})
run.set_tags({{"phase": "done"}})
run.log_artifact("model.pkl", "models")
assert run.end(patience=0) is False
"""


@pytest.fixture
def trained_alone(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Deployment:
    """A training that ran to its end while its API was away."""
    monkeypatch.setenv("TRIMTAB_SPOOL", str(tmp_path / "spool"))
    unheard = {"TRIMTAB_API_URL": "http://127.0.0.1:1", "AWS_REGION": "us-east-1"}
    subprocess.run(
        [sys.executable, "-c", TRAINING],
        cwd=tmp_path,
        env={**os.environ, **unheard, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    return deployment


def test_a_run_that_nobody_listened_to_is_in_the_registry_after_sync(
    trained_alone: Deployment, capsys: pytest.CaptureFixture[str]
):
    connection = trained_alone.cloud.connection
    words = ["--api-url", connection.api_url, "--output", "json", "tracking", "sync"]
    main.trimtab(words, standalone_mode=False)
    [row] = json.loads(capsys.readouterr().out)
    assert (row["state"], row["unsent"], row["refused"]) == ("sent", 0, 0)

    api = trained_alone.api
    run = api.get("/api/2.0/mlflow/runs/get", run_id=row["run_id"])["run"]
    assert run["info"]["status"] == "FINISHED"
    assert {param["key"]: param["value"] for param in run["data"]["params"]} == {
        "depth": "6",
        "seed": "1",
    }
    assert {"key": "phase", "value": "done"} in run["data"]["tags"]
    asked = {"run_id": row["run_id"], "metric_key": "loss", "max_results": 2000}
    told = api.get("/api/2.0/mlflow/metrics/get-history", **asked)["metrics"]
    assert [int(point["step"]) for point in told] == list(range(POINTS))
    bucket, _, prefix = run["info"]["artifact_uri"].removeprefix("s3://").partition("/")
    kept = trained_alone.cloud.client("s3").head_object(
        Bucket=bucket, Key=f"{prefix}/models/model.pkl"
    )
    assert kept["ContentLength"] == 5_000_000
