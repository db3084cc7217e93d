"""One model server: gunicorn over AWS's inference toolkit, watched and started again when it dies."""

import http.client
import logging
import shutil
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker import storage
from local.sagemaker.container import CONTAINERS
from local.sagemaker.containers.gunicorn_command import gunicorn_command
from local.sagemaker.context import Context
from local.sagemaker.errors import ServiceError
from local.sagemaker.loopback import Line, Reply
from local.sagemaker.process_log import ProcessLog
from local.sagemaker.store import Record
from pipelines.steps.archive import unpack

logger = logging.getLogger(__name__)

PING_INTERVAL = 0.05  # seconds between looks at a server that is starting
STOP_GRACE = 2.0  # seconds from SIGTERM to SIGKILL; AWS gives 30, a laptop should not wait
REASON_LINES = 12
REASON_LENGTH = 1024


class ServerFailed(Exception):
    """The model server could not be brought up, with what its log said last."""


class ServerDied(ServerFailed):
    """The process ended before it was healthy."""


class ModelServer:
    """The process that answers for one variant of an endpoint."""

    def __init__(
        self, context: Context, endpoint: str, variant: str, container: Record, role: str
    ) -> None:
        """Prepare; nothing runs before `start`."""
        self._context = context
        self._container = container
        self._role = role
        self._variant = variant
        self._group = f"/aws/sagemaker/Endpoints/{endpoint}"
        # Unix socket addresses hold about 100 characters: a short folder of its own in the scratch root.
        self.base = Path(tempfile.mkdtemp(prefix="m", dir=context.children.scratch))
        self._line = Line(self.base / "s")
        self._process: subprocess.Popen[bytes] | None = None
        self._log: ProcessLog | None = None
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._deaths: deque[float] = deque(maxlen=context.config.restart_limit)

    def start(self, timeout: float, given_up: Callable[[str], None]) -> None:
        """Fetch the model, start the server, wait until it is healthy, and watch it from then on.

        Raises ServerFailed. `given_up` is called with the reason if it later keeps dying.
        """
        try:
            self._fetch_model()
            self._spawn()
            self._wait_until_healthy(timeout)
        except (ServerFailed, ServiceError, ClientError, BotoCoreError, OSError) as problem:
            self.stop()
            raise ServerFailed(str(problem)) from problem
        threading.Thread(
            target=self._watch, args=(timeout, given_up), name=f"watch {self._group}", daemon=True
        ).start()

    def invoke(
        self, body: bytes, headers: dict[str, str], timeout: float, patience: float
    ) -> Reply | None:
        """Return the model's answer, or None if the server is not back within `patience` seconds.

        Raises TimeoutError if the model takes too long.
        """
        deadline = time.monotonic() + patience
        while self._ready.wait(max(0.0, deadline - time.monotonic())):
            try:
                return self._line.post(body, headers, timeout)
            except (ConnectionRefusedError, FileNotFoundError):
                # It died a moment ago and nothing was sent: wait for its successor.
                if time.monotonic() > deadline or self._stopping.wait(PING_INTERVAL):
                    break
            except TimeoutError:
                raise
            except (OSError, http.client.HTTPException):
                logger.info("model server went away during a request", exc_info=True)
                break
        return None

    def stop(self) -> None:
        """End the process and remove its files."""
        self._stopping.set()
        self._ready.clear()
        self._line.close()
        if self._process is not None:
            self._context.children.terminate(self._process, grace=STOP_GRACE)
        if self._log is not None:
            self._log.join()
        shutil.rmtree(self.base, ignore_errors=True)

    def _fetch_model(self) -> None:
        archive = self.base / "model.tar.gz"
        bucket, key = storage.split(self._container["ModelDataUrl"])
        self._context.clients.get("s3", self._role).download_file(bucket, key, str(archive))
        try:
            unpack(archive, self.base / "model")
        except (OSError, ValueError, EOFError) as problem:
            raise ServerFailed(
                f"{self._container['ModelDataUrl']} cannot be unpacked: {problem}"
            ) from None
        archive.unlink()

    def _spawn(self) -> None:
        config = self._context.config
        (self.base / "tmp").mkdir(exist_ok=True)
        (self.base / "s").unlink(missing_ok=True)
        command = gunicorn_command(
            f"unix:{self.base / 's'}", threads=config.server_threads, scratch=self.base / "tmp"
        )
        self._process = self._context.children.spawn(
            command,
            env=self._environment(),
            cwd=self.base,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        self._log = ProcessLog(
            self._process.stdout,
            self._context.clients.get("logs", self._role),
            self._context.clock.time,
            group=self._group,
            stream=f"{self._variant}/{self._process.pid}",
        )

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self._context.config.jobs_bin}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.base),
            "TMPDIR": str(self.base / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(CONTAINERS),
            "PYTHONUNBUFFERED": "1",
            "SAGEMAKER_BASE_DIR": str(self.base),
            **self._container.get("Environment", {}),
            **self._context.clients.environment(self._role),
        }

    def _wait_until_healthy(self, timeout: float) -> None:
        assert self._process is not None
        deadline = time.monotonic() + timeout
        while not self._stopping.is_set():
            if (code := self._process.poll()) is not None:
                raise ServerDied(self._reason(f"did not start (exit code {code})"))
            if (self.base / "s").exists() and self._line.healthy():
                self._ready.set()
                return
            if time.monotonic() > deadline:
                raise ServerFailed(
                    self._reason(f"did not pass the ping health check in {timeout:g} s")
                )
            self._stopping.wait(PING_INTERVAL)
        raise ServerFailed("the endpoint was deleted while its model server started")

    def _watch(self, timeout: float, given_up: Callable[[str], None]) -> None:
        """Start the process again each time it ends, until it ends too often or is to stop."""
        while self._process is not None:
            code = self._process.wait()
            self._ready.clear()
            if self._stopping.is_set():
                return
            reason = self._reason(f"ended (exit code {code})")
            # What is left of its group would hold the socket's folder and the log open.
            self._context.children.terminate(self._process, grace=0)
            try:
                self._expect_few_deaths(reason)
                self._spawn()
                self._wait_until_healthy(timeout)
            except ServerDied:
                continue  # one more death, counted like any other
            except (ServerFailed, ServiceError, OSError) as problem:
                if not self._stopping.is_set():
                    given_up(str(problem))
                return
            except Exception as problem:
                # The cloud is closing, or spawning is impossible: either way nothing can be restarted.
                if not self._stopping.is_set():
                    logger.warning(
                        "model server of %s is not started again", self._group, exc_info=True
                    )
                    given_up(f"{reason} It could not be started again: {problem}")
                return

    def _expect_few_deaths(self, reason: str) -> None:
        config, now = self._context.config, time.monotonic()
        often = len(self._deaths) == config.restart_limit
        if often and now - self._deaths[0] < config.restart_window:
            raise ServerFailed(
                f"{reason} It had ended {config.restart_limit} times within {config.restart_window:g} s."
            )
        self._deaths.append(now)

    def _reason(self, what: str) -> str:
        """Say what happened to the container, closing with the last lines of its log."""
        opening = f"The primary container for production variant {self._variant} {what}."
        if self._log is None:
            return opening
        self._log.join(timeout=1.0)
        said = "\n".join(self._log.last_lines(REASON_LINES))
        room = REASON_LENGTH - len(opening) - 20
        return f"{opening} Its log ends: {said[-room:]}" if said else opening
