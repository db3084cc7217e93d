"""What runs inside a Lambda worker: imports the handler, then answers invocations until its input ends.

Started as a script on the bare standard library (`python -I -S`), so it imports nothing of ours. Requests come on
standard input and answers leave on standard output, each a 4-byte length and JSON; both are moved out of the
handler's sight first. What the handler prints goes to standard error, ended after each invocation by a marker.
"""

import json
import logging
import os
import resource
import struct
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

LENGTH = struct.Struct(">I")
REAL_TIME = time.time
TASK_ROOT = "/var/task"  # where AWS shows a function's files; stack traces name it

Handler = Callable[[Any, Any], Any]
Broken = tuple[str, str, list[str]]  # error type, message, stack


class Channel:
    """Reads requests and writes answers on descriptors that the handler does not know."""

    def __init__(self) -> None:
        self._requests = os.fdopen(os.dup(0), "rb")
        self._answers = os.fdopen(os.dup(1), "wb")
        self._log = os.dup(2)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        sys.stdout = os.fdopen(1, "w", 1, encoding="utf-8", errors="replace", closefd=False)
        sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="replace", closefd=False)

    def read(self) -> dict[str, Any] | None:
        """Return the next request, or None once the pool is done with this worker."""
        head = self._requests.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return None
        request: dict[str, Any] = json.loads(self._requests.read(LENGTH.unpack(head)[0]))
        return request

    def write(self, answer: dict[str, Any]) -> None:
        """Send one answer."""
        body = json.dumps(answer).encode()
        self._answers.write(LENGTH.pack(len(body)) + body)
        self._answers.flush()

    def log(self, text: str) -> None:
        """Write to the log after what the handler printed, also where the handler has closed its output."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # the handler closed it
                continue
        unwritten = text.encode("utf-8", "replace")
        while unwritten:
            unwritten = unwritten[os.write(self._log, unwritten) :]


class Identity:
    """The Cognito identity of the caller: none here."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    """What AWS's Python runtime hands to a handler beside the event."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.aws_request_id = request["request_id"]
        self.invoked_function_arn = request["function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Identity()
        self.client_context = None
        self.tenant_id = None
        self._ends = time.monotonic() + request["timeout"]

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still run."""
        return max(0, int((self._ends - time.monotonic()) * 1000))

    def log(self, message: object) -> None:
        """Write to the log as it stands, without a newline."""
        sys.stdout.write(str(message))


class RequestIdFilter(logging.Filter):
    """Puts the request id on every log record."""

    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.aws_request_id = RequestIdFilter.request_id
        return True


def set_up_logging() -> None:
    """Give the root logger AWS's handler and line form."""
    handler = logging.StreamHandler(sys.stdout)
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)


def shift_time(offset: float) -> None:
    """Let `time.time` tell local time; `datetime` stays real, for it is what signs requests."""
    time.time = (lambda: REAL_TIME() + offset) if offset else REAL_TIME


def as_json(value: object) -> float:
    """Serialise as AWS's runtime does: decimals are numbers, everything else unknown is an error."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def stack(error: BaseException, task: str) -> list[str]:
    """Return the stack from the function's own code inwards, in AWS's form."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename != __file__ and not f.filename.startswith("<frozen ")]
    return [line.replace(task, TASK_ROOT) for line in traceback.format_list(own)]


def failure(broken: Broken, request_id: str, channel: Channel) -> dict[str, Any]:
    """Log the error as AWS's log shows it and return the answer that carries it."""
    kind, message, lines = broken
    head = [
        f"[ERROR] {kind}: {message}\n",
        *(["Traceback (most recent call last):\n"] if lines else []),
    ]
    channel.log("".join([*head, *lines]))
    error = {"errorMessage": message, "errorType": kind, "requestId": request_id}
    return {"kind": "error", "error": {**error, "stackTrace": lines}}


def load(handler: str, task: str) -> tuple[Handler | None, Broken]:
    """Import the handler. Returns it, or None and what is wrong."""
    module_name, _, name = handler.rpartition(".")
    try:
        module = import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        return None, ("Runtime.ImportModuleError", message, stack(error, task))
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}".replace(task, TASK_ROOT)
        return None, ("Runtime.UserCodeSyntaxError", message, stack(error, task))
    except Exception as error:
        return None, (type(error).__name__, str(error), stack(error, task))
    message = f"Handler '{name}' missing on module '{module_name}'"
    return getattr(module, name, None), ("Runtime.HandlerNotFound", message, [])


def reply(handler: Handler, request: dict[str, Any], task: str, channel: Channel) -> dict[str, Any]:
    """Run the handler once."""
    request_id = request["request_id"]
    try:
        result = handler(request["event"], Context(request))
    except Exception as error:
        broken = (type(error).__name__, str(error), stack(error, task))
        return failure(broken, request_id, channel)
    try:
        payload = json.dumps(result, default=as_json, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return failure(("Runtime.MarshalError", message, []), request_id, channel)
    return {"kind": "result", "payload": payload}


def prepare(request: dict[str, Any]) -> None:
    """Set what changes with each invocation."""
    RequestIdFilter.request_id = request["request_id"]
    shift_time(request["offset"])
    if request["trace"]:
        os.environ["_X_AMZN_TRACE_ID"] = request["trace"]


def main() -> None:
    """Serve until the pool closes the input."""
    channel = Channel()
    start = channel.read()
    if start is None:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (start["data_limit"], start["data_limit"]))
    task = start["task"]
    sys.path[:0] = [task]
    sys.path += start["runtime"]
    sys.argv = [""]
    shift_time(start["offset"])
    set_up_logging()
    handler, broken = load(start["handler"], task)
    channel.write({"kind": "ready"})
    while (request := channel.read()) is not None:
        prepare(request)
        told = (
            failure(broken, request["request_id"], channel)
            if handler is None
            else reply(handler, request, task, channel)
        )
        channel.log(request["marker"])  # its end: now the pool has read everything
        channel.write(told)
        if handler is None:
            return  # AWS starts a fresh environment after a failed import


if __name__ == "__main__":
    main()
