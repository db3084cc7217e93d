"""The page of the MLflow client lists what MLflow's own server serves, as it is published."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_list_of_endpoints_is_what_mlflow_itself_says() -> None:
    command = [ROOT / ".venv-mlflow/bin/python", "docs/mlflow_endpoints.py"]
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    told = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=True)
    listed = (ROOT / "docs/mlflow-endpoints.txt").read_text()
    assert listed == told.stdout, "run `make docs`"
    assert "POST /api/2.0/mlflow/runs/create" in listed
