"""The MLflow client as it is published, against the deployment: the whole of a data scientist's day."""

import json
import os
import subprocess
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-mlflow/bin/python"
STORY = ROOT / "tests/scenarios/mlflow_story.py"
MODELS = ["fit_with_autolog", "log_and_register"]
RUNS = [
    "search_runs",
    "send_and_fetch_files_in_s3",
    "delete_and_restore",
    "read_what_a_pipeline_recorded",
    "ask_for_what_is_not_served",
]
CLIENT = "a-client"  # a user who may call the API, and nothing else


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


def test_runs_are_searched_their_files_sent_and_fetched_and_all_is_undone(deployment, champion):
    assert tell(deployment, *RUNS, MLFLOW_TRACKING_AWS_SIGV4="true") == RUNS


@pytest.fixture(scope="module")
def client_keys(deployment) -> dict[str, str]:
    """Return the keys of a user who may do nothing but call the API."""
    iam = deployment.cloud.client("iam")
    iam.create_user(UserName=CLIENT)
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=CLIENT, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=CLIENT)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def test_files_come_and_go_for_who_has_no_rights_in_s3(deployment, client_keys):
    part = "send_and_fetch_files_by_the_api"
    assert tell(deployment, part, MLFLOW_TRACKING_AWS_SIGV4="true", **client_keys) == [part]
    refused = boto3.client(
        "s3",
        endpoint_url=deployment.cloud.connection.endpoint_url,
        region_name=deployment.cloud.connection.region,
        aws_access_key_id=client_keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=client_keys["AWS_SECRET_ACCESS_KEY"],
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        refused.list_objects_v2(Bucket=deployment.cloud.connection.data_bucket)


def test_addresses_that_the_api_signs_are_good_without_any_right(deployment):
    def ask(path: str, body: dict[str, str]):
        return deployment.api.post(f"/api/2.0/mlflow/{path}", body)

    run_id = ask("runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    told = ask("artifacts/presigned-upload-url", {"run_id": run_id, "path": "a/plot.png"})
    assert send("PUT", told["presigned_url"], b"\x00\xff", told["headers"]) == b""
    told = ask("artifacts/presigned-download-url", {"run_id": run_id, "path": "a/plot.png"})
    assert (send("GET", told["presigned_url"]), told["file_size"]) == (b"\x00\xff", 2)
    files = "/api/2.0/mlflow-artifacts/artifacts/small.bin"
    kind = {"Content-Type": "application/octet-stream"}
    assert deployment.api.send("PUT", files, b"\x00\x01", kind).status == 200
    answer = deployment.api.send("GET", files)
    assert answer.status == 302
    assert send("GET", answer.headers["location"]) == b"\x00\x01"


def send(method: str, url: str, body: bytes | None = None, headers: Any = None) -> bytes:
    """Send a request that nobody has signed but by its address."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


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
