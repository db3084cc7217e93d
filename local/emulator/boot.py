"""The emulator as one ASGI application: ministack, the services mounted beside it, and the gate before both.

Everything that ministack would let anybody do (reset all state, change its settings at run time) is
shut; what the local cloud adds is behind the same signatures and policies as AWS's own services.
"""

import asyncio
import json
import logging
import os
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs, quote

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack import app as ministack
from ministack.core import persistence
from ministack.core.responses import request_scope
from ministack.services import eventbridge

from local.emulator import iam
from local.emulator.environment import ACCOUNT, REGION
from local.emulator.faults import Faults

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 75  # longer than botocore keeps an idle connection
SIGNED_FOR_SAGEMAKER = re.compile(
    r"Credential=[^/]+/\d+/[^/]+/(sagemaker|application-autoscaling)/aws4_request"
)
# GetFunction answers with these addresses.
OPEN_PATHS = ("/_ministack/health", "/_ministack/lambda-code/", "/_ministack/lambda-layers/")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Mounted(Protocol):
    """A service that answers requests itself."""

    async def __call__(self, request: iam.Request) -> iam.Answer:
        """Answer an admitted request; authorising it is the service's matter."""


def emit(
    source: str, detail_type: str, detail: dict[str, Any], resources: Sequence[str] = ()
) -> None:
    """Put an event of an AWS service on the account's default bus."""
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": list(resources),
    }
    with request_scope(ACCOUNT, REGION):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def save_state() -> None:
    """Write the emulator's state to the data directory, if there is one."""
    persistence.save_all(ministack._build_persistence_save_dict())


class Gate:
    """The application that hypercorn serves."""

    def __init__(
        self,
        *,
        sagemaker: Mounted,
        control: Mounted,
        faults: Faults,
        asked: Callable[[], None] = lambda: None,
    ) -> None:
        """Mount SageMaker by its signing name and the control routes by their path.

        `asked` is called for each request to a service of AWS, for it may change something.
        """
        self._asked = asked
        self._sagemaker = sagemaker
        self._control = control
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        mounted = self._mounted(scope) if scope["type"] == "http" else None
        if scope["type"] == "http" and mounted is not self._control:
            self._asked()
        if refusal := self._refusal(scope):
            if await _read(scope, receive) is not None:
                await _answer(send, *refusal)
            return
        if mounted is None:
            await ministack.app(_as_if_by_tls(scope), receive, send)
            return
        request = await _read(scope, receive)
        if request is None:
            return
        try:
            iam.admit(request)
            status, headers, body = await mounted(request)
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            status, headers, body = 500, {"Content-Type": "application/json"}, b'{"message":null}'
        await _answer(send, status, headers, body)

    def _refusal(self, scope: Scope) -> iam.Answer | None:
        for name, value in scope.get("headers", ()):
            if name == b"authorization":
                return self._faults.answer(value.decode("latin-1"))
        return None

    def _mounted(self, scope: Scope) -> Mounted | None:
        path = scope["path"]
        if path.startswith("/_trimtab/"):
            return self._control
        if path.startswith(("/_ministack/", "/_localstack/")) and not path.startswith(OPEN_PATHS):
            return _shut
        for name, value in scope["headers"]:
            if name == b"authorization" and SIGNED_FOR_SAGEMAKER.search(value.decode("latin-1")):
                return self._sagemaker
            if name == b"x-amz-target" and value.startswith(
                (b"SageMaker.", b"AnyScaleFrontendService.")
            ):
                return self._sagemaker
        return None


async def serve(app: Gate, listener: socket.socket, stop: asyncio.Event) -> None:
    """Answer requests on the listening socket until `stop` is set."""
    config = Config()
    config.bind = [f"fd://{os.dup(listener.fileno())}"]  # hypercorn closes the one it is given
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.graceful_timeout = 1.0
    config.errorlog = logging.getLogger("hypercorn.error")
    config.errorlog.setLevel(logging.WARNING)
    await hypercorn_serve(app, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]


def _as_if_by_tls(scope: Scope) -> Scope:
    """Let loopback count as TLS, which policies ask for with aws:SecureTransport."""
    if scope["type"] != "http":
        return scope
    others = [field for field in scope["headers"] if field[0] != b"x-forwarded-proto"]
    return {**scope, "headers": [*others, (b"x-forwarded-proto", b"https")]}


async def _shut(request: iam.Request) -> iam.Answer:
    """Refuse what would go round signatures and policies."""
    body = {"message": f"{request.path} is not served by the local cloud"}
    return 404, {"Content-Type": "application/json"}, json.dumps(body).encode()


async def _read(scope: Scope, receive: Receive) -> iam.Request | None:
    """Return the whole request; None if the client went away."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    return iam.Request(
        method=scope["method"],
        path=scope["path"],
        raw_path=raw_path.decode("latin-1"),
        query=parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True),
        headers={
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        },
        raw_headers=list(scope["headers"]),
        body=b"".join(chunks),
    )


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
