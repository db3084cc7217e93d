"""A local cloud of one's own, for tests, the demo and the command line.

with LocalCloud.start() as cloud:
    cloud.client("s3").put_object(Bucket=cloud.connection.data_bucket, Key="incoming/…", Body=…)
    cloud.advance(timedelta(hours=1))
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import traceback
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local import bytecode
from local import connection as connections
from local.connection import Connection
from local.server import STOP_SECONDS, Options, Server
from local.synth import ROOT
from trimtab.errors import TrimtabError


class LocalCloud:
    """A running local cloud."""

    def __init__(
        self, connection: Connection, process: "subprocess.Popen[str] | None" = None
    ) -> None:
        """Take over a cloud that runs; `start` makes one."""
        self.connection = connection
        self._process = process

    @classmethod
    def start(
        cls,
        port: int = 0,
        data: Path | None = None,
        *,
        detach: bool = False,
        deploy: bool = True,
        assembly: Path | None = None,
        verbose: bool = False,
    ) -> "LocalCloud":
        """Start a cloud and return when it is deployed.

        Args:
            port: Where it listens; a free port unless given.
            data: Where it keeps its state over a restart; nowhere unless given.
            detach: Whether it goes on when this process ends; else it ends with it, even by a kill.
            deploy: Whether Trimtab is deployed in it.
            assembly: A CDK assembly to deploy instead of this project's own.
            verbose: Whether its log tells of every step.

        Raises:
            TrimtabError: It does not come up; the message says why.
        """
        options = Options(
            port=port,
            data=data and data.absolute(),
            assembly=assembly and assembly.absolute(),
            deploy=deploy,
            log_to_file=True,
            watch_stdin=not detach,
            verbose=verbose,
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "local.cloud", _encoded(options)],
            stdin=subprocess.DEVNULL if detach else subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=bytecode.keeping({**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}),
        )
        assert process.stdout is not None
        try:
            with process.stdout as answers:
                answer = answers.readline()
        except BaseException:  # whoever is interrupted while it comes up gets no cloud to end
            process.terminate()
            process.wait()
            raise
        if not answer.startswith('{"endpoint_url"'):
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
            raise _failure(answer)
        return cls(Connection.from_json(answer), process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of this cloud."""
        return self.connection.client(service, **options)

    def advance(self, by: timedelta) -> None:
        """Let time pass in the cloud: what is due until then happens now."""
        self.connection.control("POST", "/clock", {"advance_seconds": by.total_seconds()})

    def throttle(self, share: float) -> None:
        """Have DynamoDB refuse this share of its requests from now on, as if it were asked too much; 0 ends it."""
        self.connection.control("POST", "/faults", {"throttle": share})

    def status(self) -> dict[str, Any]:
        """Return facts about the cloud: process, start, data directory, clock."""
        facts: dict[str, Any] = self.connection.control("GET", "/status")
        return facts

    def stop(self) -> None:
        """End the cloud and wait until nothing of it is left; one that hangs is killed."""
        pid = self.connection.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if not _ended(self._process, pid, STOP_SECONDS + 5):
            os.kill(pid, signal.SIGKILL)
            _ended(self._process, pid, 5)
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        connections.file_of(self.connection.port).unlink(missing_ok=True)


def _ended(process: "subprocess.Popen[str] | None", pid: int, seconds: float) -> bool:
    """Wait until the process has ended; False if it has not in this time."""
    if process is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return True
        return False
    return connections.wait_gone(pid, seconds)


def _encoded(options: Options) -> str:
    fields = dataclasses.asdict(options)
    return json.dumps({k: str(v) if isinstance(v, Path) else v for k, v in fields.items()})


def _decoded(text: str) -> Options:
    fields = json.loads(text)
    for name in ("data", "assembly"):
        fields[name] = Path(fields[name]) if fields[name] else None
    return Options(**fields)


def _failure(answer: str) -> TrimtabError:
    """Return the error that the cloud's process told before it ended."""
    told = json.loads(answer or "{}").get("error", {})
    error = TrimtabError(
        told.get("message", "the local cloud ended before it was up"), hint=told.get("hint", "")
    )
    error.code, error.exit_code = told.get("code", "FAULT"), told.get("exit_code", 1)
    return error


def main(arguments: list[str]) -> int:
    """Run a cloud as a process of its own; tell on standard output where it is or why it is not."""

    def tell(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        Server(_decoded(arguments[0]), lambda connection: tell(connection.to_json())).run()
    except TrimtabError as error:
        facts = {
            "message": error.message,
            "hint": error.hint,
            "code": error.code,
            "exit_code": error.exit_code,
        }
        tell(json.dumps({"error": facts}))
        return error.exit_code
    except Exception as error:
        traceback.print_exc()
        message = f"the local cloud does not come up: {error!r}"
        tell(json.dumps({"error": {"message": message, "hint": "its log has the trace"}}))
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads of the emulator that wait for something must not hold the end up
