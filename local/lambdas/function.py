"""What a worker must know of a function, as plain values."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MEGABYTE = 1024 * 1024
SYNC_LIMIT = 6 * MEGABYTE  # bytes of a synchronous request, and of any answer
ASYNC_LIMIT = 1 * MEGABYTE  # bytes of an asynchronous request

Credentials = Mapping[str, str]  # the AWS_* variables of a role session


@dataclass(frozen=True)
class Function:
    """One deployed configuration of a Lambda function."""

    arn: str  # without alias or version
    name: str
    version: str
    handler: str
    runtime: str
    timeout: float  # seconds
    memory: int  # MB
    variables: Mapping[str, str]  # the environment that the deployment gives it
    code_digest: str
    code: Callable[[], bytes] = field(compare=False)  # the zip
    layers: tuple[tuple[str, Callable[[], bytes]], ...] = field(default=(), compare=False)
    credentials: Callable[[], Credentials] = field(default=dict, compare=False)
    log_group: str = ""
    log_format: str = "Text"
    tracing: bool = False
    dead_letter_arn: str = ""

    @property
    def place(self) -> str:
        """What is replaced by a new deployment: the function and the version."""
        return f"{self.arn}:{self.version}"

    @property
    def fingerprint(self) -> str:
        """Is the function's own and changes when code or configuration do: a worker serves one only."""
        parts = [
            self.place,
            self.code_digest,
            self.handler,
            self.runtime,
            self.timeout,
            self.memory,
        ]
        parts += [sorted(self.variables.items()), [digest for digest, _ in self.layers]]
        parts += [self.log_group, self.log_format, sorted(self.credentials().items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended."""

    request_id: str
    payload: Any  # what the handler returned, or AWS's error object
    failed: bool
    log: str  # everything printed, with START, END and REPORT
    seconds: float

    @property
    def error_type(self) -> str:
        """The error's type, empty if there was none."""
        return str(self.payload.get("errorType", "")) if self.failed else ""
