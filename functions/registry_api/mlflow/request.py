"""One request of an MLflow client, and what an endpoint answers it with."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from functions.registry_api.mlflow.errors import BAD_REQUEST, WireError
from functions.registry_api.mlflow.fields import Fields
from trimtab.callers import signer
from trimtab.runtime import Runtime

REQUEST_KEY = "x-trimtab-request-key"  # a client's own name for a request that it may repeat
KEY_MOST = 128  # characters of it
HALVES = re.compile(rb"\\u[dD][89a-fA-F]")  # of characters that JSON writes as two


@dataclass(frozen=True)
class Answer:
    """What an endpoint answers where it is not JSON with status 200."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_base64: bool = False


class Request:
    """What was asked, by whom; `path_values` are the parts of the path that the endpoint's template names."""

    def __init__(
        self, runtime: Runtime, event: Mapping[str, Any], path_values: Mapping[str, str]
    ) -> None:
        self.runtime = runtime
        self.event = event
        self.path_values = path_values
        self.method: str = event["requestContext"]["http"]["method"]
        self.headers: Mapping[str, str] = event.get("headers") or {}

    @cached_property
    def fields(self) -> Fields:
        """The fields of the request: of a GET with a query these, of anything else its body."""
        if self.method == "GET" and self.query:
            return Fields(self.query, repeated=True)
        return Fields(self._json())

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters, each with all its values."""
        return parse_qs(self.event.get("rawQueryString") or "", keep_blank_values=True)

    @cached_property
    def body(self) -> bytes:
        """The body as it came."""
        text: str = self.event.get("body") or ""
        return b64decode(text) if self.event.get("isBase64Encoded") else text.encode()

    @property
    def actor(self) -> str:
        """The ARN of who signed the request. Raises NotAllowed if nobody did."""
        return signer(self.event)

    @property
    def request_key(self) -> str | None:
        """The client's own name for this request, under which it may repeat it; None if it gave none."""
        given = self.headers.get(REQUEST_KEY)
        if given is not None and not 0 < len(given) <= KEY_MOST:
            raise WireError(f"{REQUEST_KEY} must have 1 to {KEY_MOST} characters")
        return given

    def _json(self) -> dict[str, Any]:
        if not self.body.strip():  # signers give a GET the content type of a form
            return {}
        if self.method in ("POST", "PUT"):
            self._insist_on_json()
        try:
            found = json.loads(self.body)
            # Older clients encode twice: what they send is a string that holds the object.
            found = json.loads(found) if isinstance(found, str) else found
        except (ValueError, RecursionError) as error:
            raise WireError(f"Bad Request. The body is not JSON: {error}", BAD_REQUEST) from error
        if HALVES.search(self.body) and not _is_text(found):
            raise WireError("Bad Request. The body holds half of a surrogate pair.", BAD_REQUEST)
        if not isinstance(found, dict):
            raise WireError("Bad Request. The body must be a JSON object.", BAD_REQUEST)
        return found

    def _insist_on_json(self) -> None:
        kind = self.headers.get("content-type")
        if kind is None:
            raise WireError("Bad Request. Content-Type header is missing.")
        if kind.partition(";")[0].strip().lower() != "application/json":
            raise WireError("Bad Request. Content-Type must be one of ['application/json'].")


def _is_text(found: Any) -> bool:
    """Whether what JSON said can be written as UTF-8: not if half of a pair stands alone."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def path_part(text: str) -> str:
    """A part of a path as it was before it was encoded for the URL."""
    return unquote(text)
