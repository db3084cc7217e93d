"""A run, as training code sees it: what it is told is kept at once and sent later; nothing it does ends training."""

import functools
import getpass
import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self

from trimtab.tracking.journal import Journal
from trimtab.tracking.records import Record, encoded
from trimtab.tracking.sender import Sender

logger = logging.getLogger("trimtab.tracking")

LARGEST = (
    256 << 10
)  # bytes of one record; what is larger would be refused by the server in any case
PATIENCE = 10.0  # seconds that the end of a run waits for the API
Words = ParamSpec("Words")


def harmless(
    method: Callable[Concatenate[Any, Words], None],
) -> Callable[Concatenate[Any, Words], None]:
    """Log what goes wrong in a method instead of raising it: a run that is not tracked is better than none."""

    @functools.wraps(method)
    def guarded(run: Any, /, *args: Words.args, **kwargs: Words.kwargs) -> None:
        try:
            method(run, *args, **kwargs)
        except Exception as error:
            logger.warning(
                "%s is not tracked: %s: %s", method.__name__, type(error).__name__, error
            )

    return guarded


class Run:
    """One training run. Its methods return at once, from any thread, and raise nothing."""

    def __init__(self, journal: Journal | None, sender: Sender) -> None:
        """Take over a journal whose first record is written; None where no disk could take one."""
        self._journal = journal
        self._sender = sender
        self._process = os.getpid()
        self.ended = journal is None
        if journal is not None:
            sender.add(journal)

    @property
    def id(self) -> str:
        """The run's id in the registry, which the server gives it; empty until it is known."""
        return self._journal.sent.run_id if self._journal else ""

    @harmless
    def log_params(self, params: Mapping[str, Any]) -> None:
        """Say with what the run trains; a param is said once and keeps its value."""
        self._add(
            {"kind": "param", "key": str(key), "value": str(value)} for key, value in params.items()
        )

    @harmless
    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Say what was measured, now, at this step."""
        at = _now()
        self._add(
            {
                "kind": "metric",
                "key": str(key),
                "value": _wire(float(value)),
                "timestamp": at,
                "step": int(step),
            }
            for key, value in metrics.items()
        )

    @harmless
    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Say something of the run that may be said differently later."""
        self._add(
            {"kind": "tag", "key": str(key), "value": str(value)} for key, value in tags.items()
        )

    @harmless
    def log_artifact(self, file: str | os.PathLike[str], folder: str = "") -> None:
        """Keep a file, or a folder with all in it, among the artifacts; it may change or go away afterwards."""
        for source, path in _files(Path(file), PurePosixPath(folder)):
            self._keep(source, path)

    @harmless
    def log_text(self, text: str | bytes, path: str) -> None:
        """Keep a text among the run's artifacts."""
        if self._journal is not None:
            data = text.encode() if isinstance(text, str) else text
            kept = self._journal.keep_bytes(data)
            self._add([{"kind": "file", "kept": kept, "path": path}])

    def end(self, status: str = "FINISHED", patience: float = PATIENCE) -> bool:
        """End the run and wait for the API, but not for long; False if the rest is sent later.

        Args:
            status: FINISHED, FAILED or KILLED.
            patience: Seconds to wait at most.
        """
        if self._journal is None or self.ended or os.getpid() != self._process:
            return self._journal is not None and not self._journal.unsent()
        self._add_end(status)
        return self.flush(patience)

    def flush(self, patience: float = PATIENCE) -> bool:
        """Wait until all that was said is sent, but not for longer than `patience` seconds; False if it is not."""
        try:
            return self._journal is not None and self._sender.flush(self._journal, patience)
        except OSError as error:
            logger.warning("the spool cannot be read: %s", error)
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.end("FINISHED")
        else:
            self.end("FAILED" if issubclass(kind, Exception) else "KILLED")

    @harmless
    def _add_end(self, status: str) -> None:
        self._add([{"kind": "end", "status": status, "at": _now()}])
        self.ended = True

    def _keep(self, source: Path, path: PurePosixPath) -> None:
        if self._journal is not None:
            kept = self._journal.keep(source)
            self._add([{"kind": "file", "kept": kept, "path": str(path)}])

    def _add(self, records: Any) -> None:
        if self.ended or self._journal is None:
            raise ValueError("the run has ended" if self._journal else "there is no spool")
        fitting = []
        for record in records:
            if len(encoded([record])) > LARGEST:
                logger.warning("%s %.60r is too large", record["kind"], record.get("key"))
            else:
                fitting.append(record)
        if fitting:
            self._journal.append(fitting)
        if (
            os.getpid() == self._process
        ):  # a forked process has no thread; the parent's looks by itself
            self._sender.poke()


def first_record(experiment: str, name: str | None) -> Record:
    """Return the record that begins a new run."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = ""
    return {
        "kind": "start",
        "experiment": experiment,
        "name": name or "",
        "at": _now(),
        "user": user,
    }


def _files(source: Path, folder: PurePosixPath) -> Iterator[tuple[Path, PurePosixPath]]:
    """Yield each file to keep and where it goes, as MLflow lays them out."""
    if not source.is_dir():
        yield source, folder / source.name
        return
    for file in sorted(each for each in source.rglob("*") if each.is_file()):
        yield file, folder / source.name / file.relative_to(source).as_posix()


def _now() -> int:
    return time.time_ns() // 1_000_000


def _wire(value: float) -> float | str:
    """A number as JSON can say it: what is not finite goes by its name."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
