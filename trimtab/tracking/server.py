"""The tracking API as a journal's sender sees it: it took the request, refused it for good, or is away."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from trimtab.errors import TrimtabError

MLFLOW = "/api/2.0/mlflow/"
KEY = "X-Trimtab-Request-Key"
# Answers of the API that say nothing against the request itself: it may well be taken later.
NO_VERDICT = {
    "ENDPOINT_NOT_FOUND",
    "INTERNAL_ERROR",
    "PERMISSION_DENIED",
    "REQUEST_LIMIT_EXCEEDED",
    "TEMPORARILY_UNAVAILABLE",
    "UNAUTHENTICATED",
}


class Away(Exception):
    """The request was not answered by the tracking API; whether it was taken is not known."""


class Refused(Exception):
    """The tracking API will not take this request, however often it is repeated."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code


class Caller(Protocol):
    """Reaches the deployment: its API, and the bucket that holds its artifacts."""

    def put_object(self, bucket: str, key: str, file: Path) -> None:
        """Write a file to a bucket. Raises TrimtabError if that fails."""
        ...

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the answer, with `status`, `data` and `headers`. Raises TrimtabError if there is none."""
        ...


def post(caller: Caller, endpoint: str, body: Mapping[str, Any], key: str = "") -> Any:
    """Ask one of MLflow's endpoints to do something. Raises Away or Refused."""
    headers = {KEY: key} if key else {}
    return call(caller, "POST", MLFLOW + endpoint, json.dumps(body).encode(), headers)


def call(
    caller: Caller,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Return the JSON that the API answers. Raises Away or Refused."""
    try:
        answer = caller.send(method, path, body, headers)
    except TrimtabError as error:
        raise Away(error.message) from error
    told = _json(answer.data)
    if answer.status < HTTPStatus.BAD_REQUEST and told is not None:
        return told
    code = (told or {}).get("error_code")
    sentence = str((told or {}).get("message") or answer.data[:200].decode(errors="replace"))
    if code is None or code in NO_VERDICT or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Away(f"{method} {path} answered {answer.status}: {sentence}")
    raise Refused(code, sentence)


def _json(data: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(data or b"{}")
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
