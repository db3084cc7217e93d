"""The workers of all functions: started on demand, kept warm, replaced by a new deployment, bounded."""

import contextlib
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from local.clock import LocalClock
from local.lambdas.code import CodeShelf
from local.lambdas.environment import worker_environment
from local.lambdas.function import MEGABYTE, SYNC_LIMIT, Function, Outcome
from local.lambdas.logs import Usage, framed, timed_out
from local.lambdas.worker import Worker, WorkerGone, WorkerSlow
from local.processes import Children
from trimtab.errors import Fault

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
IMPORT_SECONDS = 60.0  # AWS gives an import 10 s, on a machine of its own
OVERFLOW_SECONDS = (
    2.0  # who waited so long for a slot may be what a running function waits for: let it in
)
OVERFLOW_FACTOR = 4  # times the bound is the most that ever runs
# MB that a worker may reserve beyond its function's memory: the kernel counts what is never touched too,
# such as stacks of threads. It keeps this machine alive; whether the function stayed within its memory is
# seen after each invocation.
HEADROOM = 1024
WARM_FACTOR = 4  # times the bound is how many idle workers are kept


class LogSink(Protocol):
    """Takes what functions print."""

    def write(self, function: Function, stream: str, lines: Sequence[str]) -> None:
        """Append log events to the function's log."""


@dataclass(frozen=True)
class Surroundings:
    """What every worker is given beside its function."""

    endpoint_url: str
    region: str
    runtime: Path  # what AWS's Python runtime offers: boto3


class Pool:
    """Runs invocations, each in a worker of its own, `limit` at once."""

    def __init__(
        self,
        children: Children,
        clock: LocalClock,
        around: Surroundings,
        sink: LogSink,
        limit: int,
        *,
        overflow_seconds: float = OVERFLOW_SECONDS,
    ) -> None:
        """Make an empty pool; workers live in `children` and are told the clock's time."""
        self._children = children
        self._clock = clock
        self._around = around
        self._sink = sink
        self._limit = limit
        self._root = children.scratch / "lambda"
        self._shelf = CodeShelf(self._root / "code")
        self._slots = threading.BoundedSemaphore(limit)
        self._overflow_seconds = overflow_seconds
        self._all_slots = threading.BoundedSemaphore(limit * OVERFLOW_FACTOR)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []  # the one used last at the end
        self._current: dict[str, str] = {}  # place → fingerprint of its newest deployment
        self._closed = False

    def invoke(
        self, function: Function, event: Any, *, arn: str = "", request_id: str = ""
    ) -> Outcome:
        """Run the handler once and return how it ended; its log has gone to the sink.

        Waits for a free slot. Never raises for what the function does.
        """
        request_id = request_id or str(uuid4())
        with self._slot():
            before = time.monotonic()
            try:
                worker = self._idle_worker(function) or self._start(function)
            except WorkerGone as error:
                return self._not_started(function, request_id, str(error))
            init = worker.idle_since == 0.0
            ready = time.monotonic()
            answer = self._ask(worker, function, event, arn or function.arn, request_id)
            peak = _peak_memory(worker)
            if peak > function.memory or _ran_out_of_memory(answer):
                answer = _killed_for_memory(request_id)
            usage = Usage(
                time.monotonic() - ready,
                (ready - before) if init else 0.0,
                min(peak, function.memory),
            )
            printed = worker.take_log() + answer.pop("log", "")
            self._give_back(worker, function, broken=answer["kind"] == "lost")
        lines = framed(function, request_id, printed, usage)
        self._sink.write(function, worker.log_stream, lines)
        failed = answer["kind"] != "result"
        return Outcome(
            request_id, answer["payload"], failed, "\n".join(lines) + "\n", usage.seconds
        )

    def retire(self, name: str) -> None:
        """End the idle workers of a function; busy ones end when they are done."""
        with self._lock:
            for place in [place for place in self._current if f":function:{name}:" in place]:
                del self._current[place]
        self._end_retired()

    def close(self) -> None:
        """End every idle worker and start none again."""
        with self._lock:
            self._closed = True
            workers, self._idle = self._idle, []
        for worker in workers:
            self._end(worker)

    @contextlib.contextmanager
    def _slot(self) -> Iterator[None]:
        with self._all_slots:
            regular = self._slots.acquire(timeout=self._overflow_seconds)
            try:
                yield
            finally:
                if regular:
                    self._slots.release()

    def _idle_worker(self, function: Function) -> Worker | None:
        fingerprint = function.fingerprint
        with self._lock:
            replaced = self._current.get(function.place) not in (None, fingerprint)
            self._current[function.place] = fingerprint
            found = None
            for worker in reversed(self._idle):
                if worker.fingerprint == fingerprint and worker.process.poll() is None:
                    found = worker
                    self._idle.remove(worker)
                    break
        if replaced:
            self._end_retired()
        return found

    def _start(self, function: Function) -> Worker:
        """Start a worker and wait for its imports. Raises WorkerGone with the reason."""
        if not function.runtime.startswith("python"):
            raise WorkerGone(
                f"the local cloud runs Python functions only, and {function.name} has runtime "
                f"{function.runtime or 'of its own image'}: write it in Python, or try it on AWS"
            )
        task = self._shelf.directory(function.code_digest, function.code)
        layers = [str(self._shelf.directory(*layer) / "python") for layer in function.layers]
        scratch = self._root / f"worker-{uuid4().hex}"
        scratch.mkdir(parents=True)
        stream = f"{self._clock.now():%Y/%m/%d}/[{function.version}]{uuid4().hex}"
        process = self._children.spawn(
            [sys.executable, "-I", "-S", str(BOOTSTRAP)],
            env=worker_environment(
                function,
                endpoint_url=self._around.endpoint_url,
                region=self._around.region,
                task=task,
                scratch=scratch,
                stream=stream,
            ),
            cwd=task,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        worker = Worker(process, function.fingerprint, stream, scratch)
        runtime = [*layers, str(self._around.runtime)]
        start = {"task": str(task), "runtime": runtime, "handler": function.handler}
        start["offset"] = self._clock.offset.total_seconds()  # type: ignore[assignment]
        start["data_limit"] = (function.memory + HEADROOM) * MEGABYTE  # type: ignore[assignment]
        with contextlib.suppress(WorkerSlow, WorkerGone):  # the first invocation says what is wrong
            worker.ask(start, IMPORT_SECONDS, marked=False)
        return worker

    def _ask(
        self, worker: Worker, function: Function, event: Any, arn: str, request_id: str
    ) -> dict[str, Any]:
        """Return kind, payload and log: a result, the handler's error, or `lost` with the worker."""
        request = {
            "event": event,
            "request_id": request_id,
            "function_arn": arn,
            "timeout": function.timeout,
            "offset": self._clock.offset.total_seconds(),
            "trace": _trace_header(self._clock.time()) if function.tracing else "",
        }
        try:
            answer = worker.ask(request, function.timeout)
        except WorkerSlow:
            message = f"Task timed out after {function.timeout:.2f} seconds"
            log = timed_out(request_id, function.timeout, self._clock.time()) + "\n"
            return _lost("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}", log)
        except (WorkerGone, OSError, ValueError):
            self._children.terminate(worker.process, 0.0)
            message = f"RequestId: {request_id} Error: {worker.exit_sentence()}"
            return _lost("Runtime.ExitError", message, message + "\n")
        if answer["kind"] == "error":
            return {"kind": "error", "payload": answer["error"]}
        return _sized(answer["payload"])

    def _not_started(self, function: Function, request_id: str, reason: str) -> Outcome:
        error = {"errorType": "Runtime.Unknown", "errorMessage": reason, "requestId": request_id}
        self._sink.write(function, "not-started", [reason])
        return Outcome(request_id, error, failed=True, log=reason, seconds=0.0)

    def _give_back(self, worker: Worker, function: Function, *, broken: bool) -> None:
        with self._lock:
            current = self._current.get(function.place) == worker.fingerprint
            keep = current and not broken and not self._closed and worker.process.poll() is None
            surplus: list[Worker] = []
            if keep:
                worker.idle_since = time.monotonic()
                self._idle.append(worker)
                surplus = self._idle[: -self._limit * WARM_FACTOR]
                self._idle = self._idle[len(surplus) :]
        for ending in surplus if keep else [worker]:
            self._end(ending)

    def _end_retired(self) -> None:
        with self._lock:
            living = set(self._current.values())
            retired = [worker for worker in self._idle if worker.fingerprint not in living]
            self._idle = [worker for worker in self._idle if worker.fingerprint in living]
        for worker in retired:
            self._end(worker)

    def _end(self, worker: Worker) -> None:
        self._children.terminate(worker.process, 0.0)
        worker.close()
        shutil.rmtree(worker.scratch, ignore_errors=True)


def _lost(kind: str, message: str, log: str) -> dict[str, Any]:
    return {"kind": "lost", "payload": {"errorType": kind, "errorMessage": message}, "log": log}


def _ran_out_of_memory(answer: dict[str, Any]) -> bool:
    return bool(answer["kind"] == "error" and answer["payload"]["errorType"] == "MemoryError")


def _killed_for_memory(request_id: str) -> dict[str, Any]:
    """Tell in AWS's words that the function needed more memory than it has."""
    message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
    return _lost("Runtime.OutOfMemory", message, f"{message}\nRuntime.OutOfMemory\n")


def _sized(payload: str) -> dict[str, Any]:
    """Refuse an answer over Lambda's limit; it is returned as text, for nobody here reads it."""
    size = len(payload.encode())
    if size > SYNC_LIMIT:
        message = (
            f"Response payload size exceeded maximum allowed payload size ({SYNC_LIMIT} bytes)."
        )
        error = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
        return {"kind": "error", "payload": error}
    return {"kind": "result", "payload": payload}


def _trace_header(at: float) -> str:
    root = f"1-{int(at):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled=1"


def _peak_memory(worker: Worker) -> int:
    """Return the most memory the worker has held, in MB; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{worker.process.pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


__all__ = ["Fault", "LogSink", "Pool", "Surroundings"]
