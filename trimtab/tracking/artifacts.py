"""Brings a run's files to its artifacts: to the bucket, or through the API where the run's artifacts are proxied."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import urllib3

from trimtab.errors import TrimtabError
from trimtab.tracking.server import Away, Caller, call

PROXY = "/api/2.0/mlflow-artifacts/"
AT_ONCE = (
    3 << 20
)  # bytes; a Lambda function takes 6 MB, of which the encoding of a body takes a third
PART = 16 << 20  # bytes of a part; S3 takes 5 MiB at least, and 10,000 parts
SECONDS = 120.0  # that one part may take


def upload(caller: Caller, artifact_uri: str, path: str, file: Path) -> None:
    """Put a file among the artifacts of the run that has this artifact URI. Raises Away or Refused."""
    root = urlsplit(artifact_uri)
    where = f"{root.path.strip('/')}/{path}"
    if root.scheme == "s3":
        _to_bucket(caller, root.netloc, where, file)
    elif file.stat().st_size <= AT_ONCE:
        kind = {"Content-Type": "application/octet-stream"}
        call(caller, "PUT", f"{PROXY}artifacts/{quote(where)}", file.read_bytes(), kind)
    else:
        _in_parts(caller, where, file, -(-file.stat().st_size // PART))


def _to_bucket(caller: Caller, bucket: str, key: str, file: Path) -> None:
    try:
        caller.put_object(bucket, key, file)
    except TrimtabError as error:
        raise Away(f"s3://{bucket}/{key} cannot be written: {error.message}") from error


def _in_parts(caller: Caller, where: str, file: Path, parts: int) -> None:
    begun = _post(caller, "create", where, {"path": where, "num_parts": parts})
    sent = []
    with file.open("rb") as source:
        for credential in sorted(begun["credentials"], key=lambda each: int(each["part_number"])):
            etag = _put(credential["url"], source.read(PART), credential.get("headers") or {})
            number = int(credential["part_number"])
            sent.append({"part_number": number, "etag": etag, "url": credential["url"]})
    body = {"path": where, "upload_id": begun["upload_id"], "parts": sent}
    _post(caller, "complete", where, body)


def _post(caller: Caller, verb: str, where: str, body: dict[str, Any]) -> Any:
    # The path is that of the folder; MLflow's client names the file in the body only.
    folder = quote(where.rpartition("/")[0])
    return call(caller, "POST", f"{PROXY}mpu/{verb}/{folder}", json.dumps(body).encode())


def _put(url: str, data: bytes, headers: dict[str, str]) -> str:
    try:
        answer = urllib3.request(
            "PUT", url, body=data, headers=headers, retries=False, timeout=SECONDS
        )
    except urllib3.exceptions.HTTPError as error:
        raise Away(f"S3 does not answer: {error}") from error
    if answer.status != 200:  # noqa: PLR2004 (HTTP's OK)
        raise Away(f"S3 answered {answer.status}: {answer.data[:200].decode(errors='replace')}")
    return str(answer.headers["ETag"])
