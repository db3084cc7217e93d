"""Any AWS client works against a deployed cloud with the printed keys, and with no others."""

import functools
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from tests.local.builders import eventually

ROOT = Path(__file__).parents[2]
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


def curl(cloud: LocalCloud, url: str, service: str, *, secret: str = "") -> tuple[int, str]:
    """Get a URL with `curl --aws-sigv4`; return status and body."""
    keys = f"{cloud.connection.access_key_id}:{secret or cloud.connection.secret_access_key}"
    signing = ["--aws-sigv4", f"aws:amz:{cloud.connection.region}:{service}", "--user", keys]
    done = subprocess.run(
        ["curl", "--silent", "--write-out", "\n%{http_code}", *signing, url],
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@needs_curl
def test_curl_signs_for_the_api_and_for_s3(cloud: LocalCloud) -> None:
    url = f"{cloud.connection.api_url}/v1/models"
    status, body = curl(cloud, url, "execute-api")
    assert status == 200, body
    names = [model["name"] for model in json.loads(body)["items"]]
    assert names == ["flight-delays", "flight-delays-xgboost"]
    assert curl(cloud, f"{url}/flight-delays/audit?limit=2", "execute-api")[0] == 200
    assert curl(cloud, url, "execute-api", secret="wrong")[0] == 403

    bucket = cloud.connection.data_bucket
    cloud.client("s3").put_object(Bucket=bucket, Key="of-curl/one.txt", Body=b"one")
    objects = f"{cloud.connection.endpoint_url}/{bucket}/of-curl/one.txt"
    assert curl(cloud, objects, "s3") == (200, "one")
    assert curl(cloud, objects, "s3", secret="wrong")[0] == 403


def test_the_printed_address_of_the_api_means_the_same_in_every_shell(cloud: LocalCloud) -> None:
    address = cloud.connection.api_url.partition("://")[2]
    assert re.fullmatch(r"[A-Za-z0-9_.:/-]+", address)


def trimtab(cloud: LocalCloud, *words: str) -> list[str]:
    return [
        sys.executable,
        "-c",
        "from trimtab.cli.main import main; main()",
        "local",
        *words,
        "--port",
        str(cloud.connection.port),
    ]


def shown(cloud: LocalCloud, *words: str) -> list[str]:
    """Return the lines that `trimtab local …` prints."""
    done = subprocess.run(
        trimtab(cloud, *words), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def invoke(cloud: LocalCloud) -> str:
    """Call a deployed function with an event that it cannot take; return the request's id."""
    answer = cloud.client("lambda").invoke(FunctionName="trimtab-dev-registry-api", Payload=b"{}")
    request_id: str = answer["ResponseMetadata"]["RequestId"]
    return request_id


def test_logs_show_what_functions_logged_each_line_once(cloud: LocalCloud) -> None:
    invoke(cloud)
    lines = shown(cloud, "logs", "registry_api")
    assert len(lines) == len(set(lines))
    assert any("trimtab-dev-registry-api  START RequestId:" in line for line in lines)
    assert any("REPORT RequestId:" in line for line in lines)
    assert all(" trimtab-dev-registry-api  " in line for line in lines if line[2:3] == ":")
    assert set(lines) <= set(shown(cloud, "logs"))

    unknown = subprocess.run(
        trimtab(cloud, "logs", "no_such"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert unknown.returncode == 5
    assert "trimtab-dev-validate-dataset" in unknown.stderr


def test_logs_follow_what_is_logged_later(cloud: LocalCloud, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    with seen.open("w") as output:
        following = subprocess.Popen(
            trimtab(cloud, "logs", "registry_api", "--follow"), cwd=ROOT, stdout=output
        )
    try:
        reports = 0
        for _ in range(2):  # after the first it surely follows
            invoke(cloud)
            reports = eventually(functools.partial(count, seen, "REPORT", reports), 30)
    finally:
        following.terminate()
        following.wait()
    lines = seen.read_text().splitlines()
    starts = [line for line in lines if "START RequestId" in line]
    assert len(starts) == len(set(starts)) >= 2


def count(file: Path, word: str, more_than: int) -> int:
    """Return how often the word stands in the file, 0 if not more than wanted."""
    found = file.read_text().count(word)
    return found if found > more_than else 0


def test_every_log_event_has_an_id_of_its_own(empty_cloud: LocalCloud) -> None:
    logs: Any = empty_cloud.client("logs")
    logs.create_log_group(logGroupName="told")
    logs.create_log_stream(logGroupName="told", logStreamName="one")
    events = [{"timestamp": int(time.time() * 1000), "message": "same"}] * 3
    logs.put_log_events(logGroupName="told", logStreamName="one", logEvents=events)
    found = logs.filter_log_events(logGroupName="told")["events"]
    assert [event["message"] for event in found] == ["same"] * 3
    assert len({event["eventId"] for event in found}) == 3
