"""The MLflow client as it is published, against the deployment: the whole of a data scientist's day."""

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-mlflow/bin/python"
STORY = ROOT / "tests/scenarios/mlflow_story.py"
MODELS = ["fit_with_autolog", "log_and_register"]
RUNS = ["search_runs", "send_and_fetch_files", "delete_and_restore", "ask_for_what_is_not_served"]


pytestmark = pytest.mark.timeout(
    480
)  # the client's imports alone take ten seconds and more, three times


def tell(deployment, *parts: str, **variables: str) -> list[str]:
    """Let the client do these parts of the story; return those that it did."""
    facts = deployment.cloud.connection
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {
        **kept,
        "AWS_ENDPOINT_URL": facts.endpoint_url,
        "AWS_ACCESS_KEY_ID": facts.access_key_id,
        "AWS_SECRET_ACCESS_KEY": facts.secret_access_key,
        "AWS_DEFAULT_REGION": facts.region,
        "MLFLOW_TRACKING_URI": facts.api_url,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # What a model needs is found out by loading it in one more process; the story does not rest on it.
        "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "1",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "PYTHONWARNINGS": "ignore",
        **variables,
    }
    done = subprocess.run(
        [PYTHON, STORY, *parts],
        env=environment,
        cwd=ROOT / "build",
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr[-4000:]}"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('"')]


def test_models_are_logged_registered_and_loaded_by_alias(deployment):
    assert tell(deployment, *MODELS, MLFLOW_TRACKING_AWS_SIGV4="true") == MODELS


def test_runs_are_searched_their_files_sent_and_fetched_and_all_is_undone(deployment):
    assert tell(deployment, *RUNS, MLFLOW_TRACKING_AWS_SIGV4="true") == RUNS


def test_the_client_signs_whatever_it_asks_where_trimtab_is_installed_beside_it(
    deployment, tmp_path
):
    """What an installation of Trimtab tells Python: the entry point that pyproject.toml declares."""
    group = "mlflow.request_auth_provider"
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [(name, target)] = declared["project"]["entry-points"][group].items()
    info = tmp_path / "trimtab-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trimtab\nVersion: 0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
    installed = os.pathsep.join((str(tmp_path), str(ROOT)))
    told = tell(
        deployment,
        "search_registry_and_odd_names",
        MLFLOW_TRACKING_AUTH="trimtab",
        PYTHONPATH=installed,
    )
    assert told == ["search_registry_and_odd_names"]
