"""The demo's screen and ledger: what a person sees, what a program reads, and what a broken promise looks like."""

import io
import json
import threading
from pathlib import Path

import pytest
from rich.console import Console

from local.demo.promises import Broken, FactSheet, Ledger, Promise
from local.demo.screen import Screen
from trimtab.errors import Conflict, OperatorError

LONG = "18 entries, each with actor and reason: " + "1 DatasetAccepted, " * 20


def _screen(*, columns: int | None = None) -> tuple[Screen, io.StringIO]:
    shown = io.StringIO()
    terminal = columns is not None
    console = Console(
        file=shown,
        force_terminal=terminal,
        width=columns,
        soft_wrap=True,
        color_system=None,
    )
    return Screen(console), shown


def _break(error: Exception) -> str:
    raise error


def test_a_promise_is_kept_if_its_step_returns_what_shows_it():
    screen, shown = _screen()
    ledger = Ledger(screen)
    assert ledger.keep("January arrives", lambda: "26,398 rows\nof january.csv")
    assert ledger.all_kept
    first, *evidence = shown.getvalue().splitlines()
    assert first.startswith("✔ kept")
    assert first.endswith(" s  January arrives")
    assert [line.strip() for line in evidence] == ["26,398 rows", "of january.csv"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Broken("versions {2} answered"), "versions {2} answered"),
        (Conflict("nothing before it", hint="approve one"), "nothing before it  [CONFLICT]"),
        (KeyError("champion"), "KeyError: 'champion'"),
    ],
)
def test_a_promise_is_broken_if_its_step_raises_and_says_what_was_seen(error, told):
    screen, shown = _screen()
    ledger = Ledger(screen)
    assert not ledger.keep("Version 1 answers", lambda: _break(error))
    assert not ledger.all_kept
    assert shown.getvalue().startswith("✖ broken")
    assert told in shown.getvalue()


def test_no_promise_made_is_none_kept():
    assert not Ledger(_screen()[0]).all_kept


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_the_closing_table_is_one_line_a_promise_however_much_was_seen(columns):
    screen, shown = _screen(columns=columns)
    screen.table([Promise("Good data becomes a dataset version " * 2, True, LONG, 1.0)] * 3)
    lines = shown.getvalue().splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) <= columns
    assert all("…" in line for line in lines[1:])


def test_evidence_that_is_too_long_for_the_terminal_goes_on_under_itself():
    screen, shown = _screen(columns=80)
    screen.end(Promise("Every decision is told", True, LONG.strip(), 1.0))
    _, *evidence = shown.getvalue().splitlines()
    assert len(evidence) > 3
    assert all(line.startswith(" " * 19) and len(line.rstrip()) <= 80 for line in evidence)


def test_a_log_says_what_is_awaited_when_it_was_silent_for_long():
    told = threading.Event()

    class Log(io.StringIO):
        def write(self, text: str) -> int:
            if "so far: January arrives; last: Train: Executing" in text:
                told.set()
            return super().write(text)

    screen = Screen(Console(file=Log(), soft_wrap=True), silence=0.01)
    screen.begin("January arrives")
    screen.note("Train: Executing")
    assert told.wait(5)
    screen.close()


def test_facts_are_written_as_they_were_seen(tmp_path: Path):
    facts = FactSheet(tmp_path / "build" / "demo.json")
    facts.write([Promise("A cloud comes up", True, "é", 1.5)])
    assert json.loads(facts.file.read_text()) == {
        "promises": [
            {"name": "A cloud comes up", "kept": True, "evidence": "é", "seconds": 1.5},
        ]
    }


def test_facts_of_an_earlier_demo_are_gone_when_one_starts(tmp_path: Path):
    (tmp_path / "demo.json").write_text("all kept")
    FactSheet(tmp_path / "demo.json")
    assert not (tmp_path / "demo.json").exists()


def test_facts_that_cannot_be_written_are_told_before_anything_starts(tmp_path: Path):
    (tmp_path / "build").write_text("a file where the folder should be")
    with pytest.raises(OperatorError, match=r"demo\.json cannot be written: "):
        FactSheet(tmp_path / "build" / "demo.json")
