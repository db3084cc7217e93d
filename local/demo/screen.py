"""How the demo looks: live on a terminal, plain lines elsewhere."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import chop_cells
from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from trimtab.cli.output import console

if TYPE_CHECKING:
    from local.demo.promises import Promise

INDENT = 19  # of evidence, under the name of its promise
PIPE_WIDTH = 120  # columns of the closing table where no terminal says how many there are
SILENCE_SECONDS = 30.0  # after which a log that is not a terminal says what is awaited


class Screen:
    """Shows each step with its outcome and duration."""

    def __init__(self, out: Console | None = None, silence: float = SILENCE_SECONDS) -> None:
        self._console = out or console()
        self._silence = silence
        self._live: Progress | None = None
        self._ended = threading.Event()
        self._note = ""

    def begin(self, step: str) -> None:
        """Say what is going on now."""
        self._note = ""
        if self._console.is_terminal:
            columns = (SpinnerColumn(), TimeElapsedColumn(), _one_line("{task.description}"))
            self._live = Progress(*columns, console=self._console, transient=True, expand=True)
            self._live.add_task(step, total=None)
            self._live.start()
            return
        self._ended = threading.Event()
        threading.Thread(target=self._wait, args=[step, self._ended], daemon=True).start()

    def note(self, sentence: str) -> None:
        """Show what just happened within the step."""
        self._note = sentence
        if self._live:
            task = self._live.tasks[0]
            step = task.description.partition("  ")[0]
            self._live.update(task.id, description=f"{step}  {sentence}")

    def end(self, promise: "Promise") -> None:
        """Say how the step ended."""
        self.close()
        self._console.print(_outcome(promise), Text(promise.name), sep="  ")
        for line in promise.evidence.splitlines():
            self._aside(line)

    def close(self) -> None:
        """Show nothing live any more."""
        self._ended.set()
        if self._live:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, markup=False)

    def table(self, promises: Sequence["Promise"]) -> None:
        """Print what was promised and the first of what was seen, a line each."""
        width = self._console.width if self._console.is_terminal else PIPE_WIDTH
        room = width - INDENT - 2
        longest = max((len(one.name) for one in promises), default=0)
        name_room = min(longest, room * 3 // 5)
        head = f"{'':<{INDENT}}{'promised':<{name_room}}  seen"
        self._console.print(Text(head, style="bold"), no_wrap=True)
        for one in promises:
            seen = one.evidence.splitlines()[0] if one.evidence else ""
            name = _cut(one.name, name_room)
            shown = Text(f"{name:<{name_room}}  {_cut(seen, room - name_room)}")
            self._console.print(_outcome(one), shown, sep="  ")

    def _aside(self, line: str) -> None:
        text = Text(line, style="dim")
        if self._console.is_terminal:
            self._console.print(Padding(text, (0, 0, 0, INDENT)), soft_wrap=False)
        else:
            self._console.print(" " * INDENT, text, sep="")

    def _wait(self, step: str, ended: threading.Event) -> None:
        started = time.monotonic()
        while not ended.wait(self._silence):
            last = f"; last: {self._note}" if self._note else ""
            self.say(f"… {time.monotonic() - started:.0f} s so far: {step}{last}")


def _outcome(promise: "Promise") -> Text:
    mark, word, style = ("✔", "kept", "green") if promise.kept else ("✖", "broken", "red")
    return Text.assemble((f"{mark} {word:<6}", style), f" {promise.seconds:6.1f} s")


def _one_line(text: str) -> TextColumn:
    column = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    return TextColumn(text, markup=False, table_column=column)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else chop_cells(text, width - 1)[0].rstrip() + "…"
