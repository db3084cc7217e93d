"""How the demo looks: live on a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table

from trimtab.cli.output import console


class Screen:
    """Shows each step with its outcome and duration."""

    def __init__(self, out: Console | None = None) -> None:
        self._console = out or console()
        self._status: Status | None = None
        self._step = ""

    def begin(self, step: str) -> None:
        """Say what is going on now."""
        self._step = step
        if self._console.is_terminal:
            self._status = self._console.status(step)
            self._status.start()

    def note(self, sentence: str) -> None:
        """Show what just happened within the step; only where something live can be shown."""
        if self._status:
            self._status.update(f"{self._step}  [dim]{sentence}[/dim]")

    def end(self, step: str, evidence: str, seconds: float, *, kept: bool) -> None:
        """Say how the step ended."""
        if self._status:
            self._status.stop()
            self._status = None
        mark = "[green]✔[/green]" if kept else "[red]✖[/red]"
        self._console.print(f"{mark} {seconds:5.1f} s  {step}")
        for line in evidence.splitlines():
            self._console.print(f"           {line}", style="dim", markup=False)

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, markup=False)

    def table(self, promises: Sequence[Any]) -> None:
        """Print what was promised and what was seen."""
        table = Table("", "promised", "seen", "s", title="What was promised, and what was seen")
        table.columns[3].justify = "right"
        for one in promises:
            mark = "[green]✔[/green]" if one.kept else "[red]✖[/red]"
            first = one.evidence.splitlines()[0] if one.evidence else ""
            table.add_row(mark, one.name, first.replace("[", r"\["), f"{one.seconds:.1f}")
        self._console.print(table)
