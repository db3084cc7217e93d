"""How answers are shown: a table on a terminal, plain columns for pipes, JSON for programs, Markdown for reports."""

import json
import os
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from trimtab.errors import InvalidInput

MISSING = "-"
GAP = "  "
NARROWEST = 12  # a column is never shortened below this
SENTENCES = (
    "reason",
    "verdict",
    "report_uri",
)  # shown under their row where the row has no room for them
MARKS = {"successful": "✔", "failed": "✖", "error": "✖", "blocked": "✖", "rejected": "✖"}
STYLES = {"✔": "green", "✖": "red"}
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")
Rows = Sequence[Mapping[str, Any]]


def console(*, stderr: bool = False) -> Console:
    """Return a console that follows NO_COLOR, TERM=dumb and `--no-color`."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Console(stderr=stderr, no_color=plain, highlight=False, soft_wrap=True)


def survive_any_terminal() -> None:
    """Print `?` for what the terminal's encoding cannot show, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def show(rows: Rows, columns: Sequence[str], raw: Any, form: str) -> None:
    """Print `rows` as a table or Markdown with these columns, or `raw` as JSON."""
    if form == "json":
        click.echo(json.dumps(raw, indent=2, ensure_ascii=False))
    elif form == "md":
        _markdown(rows, columns)
    elif sys.stdout.isatty():
        _table(rows, columns, console())
    else:
        for line in lines(rows, columns):
            click.echo(line)


def lines(rows: Rows, columns: Sequence[str]) -> list[str]:
    """Return a table as lines of plain text, its head first."""
    return _lines(_cells(rows, columns), _numeric(rows, columns))


def head(facts: Mapping[str, str]) -> None:
    """Print what is said of one thing, a line each; on a terminal long ones go on under themselves."""
    room = max(map(len, facts)) + len(GAP)
    for name, text in facts.items():
        lines = [text]
        if sys.stdout.isatty():
            lines = textwrap.wrap(text, max(console().width - room, NARROWEST)) or [text]
        click.echo(f"{name:<{room}}" + ("\n" + " " * room).join(lines))
    click.echo("")


def talk(sentence: str) -> None:
    """Say something that is not the answer."""
    click.echo(sentence, err=True)


def write_page(file: Path, page: str) -> None:
    """Write a page, and say so. Raises InvalidInput if the file cannot be written."""
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            f"{file} cannot be written: {error.strerror}",
            hint="name a file in a folder that is there, and that you may write to",
        ) from error
    talk(f"wrote {file}")


def moment(value: str) -> str:
    """Return a time as people read it: UTC, to the second."""
    return TIME.sub(r"\1 \2Z", value)


def shortened(text: str, width: int) -> str:
    """Return text that fits into `width` cells; what is left out of its middle is marked by …."""
    if cell_len(text) <= width:
        return text
    head, tail = width // 2, width - width // 2 - 1
    return chop_cells(text, head)[0] + "…" + chop_cells(text[::-1], tail)[0][::-1]


def _table(rows: Rows, columns: Sequence[str], out: Console) -> None:
    """Print rows that fit the terminal: sentences go under their row, long names lose their middle."""
    below: list[str] = []
    if _width(_cells(rows, columns, marks=True)) > out.width:
        below = [name for name in columns if name in SENTENCES]
    above = [name for name in columns if name not in below]
    cells = _fitted(_cells(rows, above, marks=True), out.width)
    head, *body = _lines(cells, _numeric(rows, above))
    out.print(Text(head, style="bold"))
    for line, row in zip(body, rows, strict=True):
        shown = Text(line)
        for mark, style in STYLES.items():
            shown.highlight_regex(f"{mark} \\w+", style)
        out.print(shown, no_wrap=True)
        for name in (name for name in below if row.get(name)):
            sentence = Text(cell(row[name]), style="dim")
            out.print(Padding(sentence, (0, 0, 0, 4)), soft_wrap=False)


def _markdown(rows: Rows, columns: Sequence[str]) -> None:
    rules = ["--:" if numeric else "---" for numeric in _numeric(rows, columns)]
    head, *body = _cells(rows, columns)
    for line in (head, rules, *body):
        click.echo("| " + " | ".join(one.replace("|", "\\|") for one in line) + " |")


def _cells(rows: Rows, columns: Sequence[str], *, marks: bool = False) -> list[list[str]]:
    head = [name.upper().replace("_", " ") for name in columns]
    return [head, *([_marked(cell(row.get(name)), marks) for name in columns] for row in rows)]


def _marked(text: str, marks: bool) -> str:
    return f"{MARKS[text]} {text}" if marks and text in MARKS else text


def _numeric(rows: Rows, columns: Sequence[str]) -> list[bool]:
    return [bool(rows) and all(_is_number(row.get(name)) for row in rows) for name in columns]


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _widths(cells: list[list[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(*cells, strict=True)]


def _width(cells: list[list[str]]) -> int:
    return sum(_widths(cells)) + len(GAP) * (len(cells[0]) - 1)


def _fitted(cells: list[list[str]], width: int) -> list[list[str]]:
    """Shorten the widest columns until a line fits into `width`."""
    widths = _widths(cells)
    while sum(widths) + len(GAP) * (len(widths) - 1) > width and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return [
        [shortened(one, room) for one, room in zip(line, widths, strict=True)] for line in cells
    ]


def _lines(cells: list[list[str]], numeric: list[bool]) -> list[str]:
    widths = _widths(cells)
    return [
        GAP.join(
            " " * (room - cell_len(one)) + one if right else one + " " * (room - cell_len(one))
            for one, room, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in cells
    ]


def cell(value: Any) -> str:
    """Return a value as one line of text; what is missing is shown as such."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, float):
        return f"{value:.4g}"
    return moment(" ".join(str(value).split()))
