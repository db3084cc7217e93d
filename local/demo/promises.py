"""What the demo promised and what it saw."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from local.demo.screen import Screen
from trimtab.errors import OperatorError, TrimtabError


class Broken(Exception):
    """A promise was not kept; the message says what was seen instead."""


@dataclass(frozen=True)
class Promise:
    """One promise, whether it was kept, the facts that show it, and how long it took."""

    name: str
    kept: bool
    evidence: str
    seconds: float


class Ledger:
    """Keeps every promise that the story makes, in order."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.promises: list[Promise] = []

    def keep(self, name: str, step: Callable[[], str]) -> bool:
        """Run a step, which returns its evidence or raises, and note how it went. Returns whether it held."""
        started = time.monotonic()
        self._screen.begin(name)
        try:
            kept, evidence = True, step()
        except Exception as error:
            kept, evidence = False, _told(error)
        promise = Promise(name, kept, evidence, round(time.monotonic() - started, 2))
        self.promises.append(promise)
        self._screen.end(promise)
        return kept

    def require(self, condition: object, seen: str) -> None:
        """Go on if the condition holds. Raises Broken with what was seen if it does not."""
        if not condition:
            raise Broken(seen)

    @property
    def all_kept(self) -> bool:
        """Whether every promise was kept (none made is none kept)."""
        return bool(self.promises) and all(promise.kept for promise in self.promises)


class FactSheet:
    """The file that tells programs what the demo saw."""

    def __init__(self, file: Path) -> None:
        """Remove what an earlier demo left, so that nothing stale is read. Raises OperatorError if it may not."""
        self.file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            file.touch()
            file.unlink()
        except OSError as error:
            raise OperatorError(
                f"{file} cannot be written: {error.strerror}",
                hint=f"make {file.parent}/ writable for the user who runs the demo",
            ) from error

    def write(self, promises: list[Promise]) -> None:
        """Write the promises as JSON: `{"promises": [{name, kept, evidence, seconds}]}`."""
        facts = {"promises": [asdict(promise) for promise in promises]}
        self.file.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def _told(error: Exception) -> str:
    """What a person reads of an error: a sentence, and what to do where that is known."""
    match error:
        case Broken():
            return str(error)
        case TrimtabError():
            return f"{error.message}  [{error.code}]" + (f"\n{error.hint}" if error.hint else "")
        case _:
            return f"{type(error).__name__}: {error}"
