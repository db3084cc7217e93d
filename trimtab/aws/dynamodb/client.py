"""The client: boto3's names and answers for seven operations, over one kept connection for each thread."""

import http.client
import json
import os
import random
import ssl
import threading
import time
import uuid
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, urlsplit

from trimtab.aws.dynamodb import errors
from trimtab.aws.dynamodb.signature import Credentials, signed

ATTEMPTS = 5
PAUSE = 0.025  # seconds before the second attempt; each further one may wait twice as long
SECONDS = (
    5.0  # that one attempt may take: DynamoDB answers in milliseconds, or another of its hosts will
)
SERVICE, TARGET = "dynamodb", "DynamoDB_20120810."
CONTENT = "application/x-amz-json-1.0"


class DynamoDB:
    """Calls DynamoDB in one region. Answers and refusals are those of boto3's client, bytes among them."""

    exceptions = errors

    def __init__(self, endpoint: str, region: str, credentials: Credentials) -> None:
        self._endpoint = urlsplit(endpoint)
        self._region = region
        self._credentials = credentials
        self._kept = threading.local()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "DynamoDB":
        """Return the client of a function, which is told its region and its keys by its environment."""
        told = os.environ if environment is None else environment
        region = told["AWS_REGION"]
        endpoint = told.get("AWS_ENDPOINT_URL_DYNAMODB") or told.get("AWS_ENDPOINT_URL")
        keys = Credentials(
            told["AWS_ACCESS_KEY_ID"],
            told["AWS_SECRET_ACCESS_KEY"],
            told.get("AWS_SESSION_TOKEN", ""),
        )
        return cls(endpoint or f"https://dynamodb.{region}.{_domain(region)}", region, keys)

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Read one item."""
        return self._call("GetItem", request)

    def query(self, **request: Any) -> dict[str, Any]:
        """Read a page of one partition."""
        return self._call("Query", request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Read up to a hundred items."""
        return self._call("BatchGetItem", request)

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Write one item."""
        return self._call("PutItem", request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change one item where it lies; repeated after a lost answer, it may be done twice."""
        return self._call("UpdateItem", request)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Remove one item."""
        return self._call("DeleteItem", request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Write up to a hundred items, or none; repeated after a lost answer, it is done once."""
        return self._call("TransactWriteItems", {"ClientRequestToken": uuid.uuid4().hex, **request})

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(request, separators=(",", ":"), default=_encoded).encode()
        for attempt in range(1, ATTEMPTS + 1):
            is_last = attempt == ATTEMPTS
            try:
                status, data = self._send(operation, body)
            except (OSError, http.client.HTTPException):
                self._forget_connection()
                if is_last:
                    raise
                if attempt == 1:
                    continue  # a connection that was idle for long is closed by now, a new one is not
            else:
                if status == HTTPStatus.OK:
                    return _decoded(json.loads(data))
                error = errors.of(operation, status, _told(data))
                if is_last or not errors.is_passing(error, status):
                    raise error
            time.sleep(random.uniform(0, PAUSE * 2**attempt))  # noqa: S311 (parts callers, keeps no secret)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, operation: str, body: bytes) -> tuple[int, bytes]:
        headers = {
            "content-type": CONTENT,
            "host": self._endpoint.netloc,
            "x-amz-target": TARGET + operation,
        }
        made = signed(
            headers,
            body,
            self._credentials,
            region=self._region,
            service=SERVICE,
            at=datetime.now(UTC),
        )
        connection = self._connection()
        connection.request("POST", "/", body, made)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._kept, "connection", None)
        if found is None:
            found = self._kept.connection = self._connect(self._endpoint)
        return found

    def _forget_connection(self) -> None:
        self._connection().close()  # it connects again with its next request

    @cached_property
    def _connect(self) -> Callable[[SplitResult], http.client.HTTPConnection]:
        if self._endpoint.scheme == "http":
            return lambda at: http.client.HTTPConnection(at.netloc, timeout=SECONDS)
        context = ssl.create_default_context()
        return lambda at: http.client.HTTPSConnection(at.netloc, timeout=SECONDS, context=context)


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def _encoded(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"an item holds no {type(value).__name__}")


def _told(data: bytes) -> dict[str, Any]:
    """What a refusal says; a proxy's page in its place says nothing that could be read."""
    try:
        told = json.loads(data)
    except ValueError:
        return {"message": data[:200].decode(errors="replace")}
    return _decoded(told) if isinstance(told, dict) else {}


def _decoded(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with bytes where JSON has base64."""
    for item in _items(answer):
        for name, value in item.items():
            if "B" in value:
                item[name] = {"B": b64decode(value["B"])}
    return answer


def _items(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from answer.get("Items", ())
    yield from (answer[name] for name in ("Item", "Attributes") if name in answer)
    for found in answer.get("Responses", {}).values():
        yield from found
    for reason in answer.get("CancellationReasons") or ():
        if "Item" in reason:
            yield reason["Item"]
