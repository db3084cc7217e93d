"""How answers are shown: a table for people, JSON for programs, Markdown for reports."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

MISSING = "-"


def console(*, stderr: bool = False) -> Console:
    """Return a console that follows NO_COLOR, TERM=dumb and `--no-color`."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Console(stderr=stderr, no_color=plain, highlight=False, soft_wrap=True)


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], raw: Any, form: str) -> None:
    """Print `rows` as a table or Markdown with these columns, or `raw` as JSON."""
    if form == "json":
        click.echo(json.dumps(raw, indent=2, ensure_ascii=False))
    elif form == "md":
        click.echo("| " + " | ".join(columns) + " |")
        click.echo("|" + "|".join(" --- " for _ in columns) + "|")
        for row in rows:
            click.echo("| " + " | ".join(_cell(row.get(name)) for name in columns) + " |")
    elif sys.stdout.isatty():
        console().print(_table(rows, columns))
    else:
        _plain(rows, columns)


def talk(sentence: str) -> None:
    """Say something that is not the answer."""
    click.echo(sentence, err=True)


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        numeric = all(isinstance(row.get(name), int | float) for row in rows) and bool(rows)
        table.add_column(name.upper().replace("_", " "), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    return table


def _plain(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    lines = [[name.upper().replace("_", " ") for name in columns]]
    lines += [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    if value is None or value == "":
        return MISSING
    return f"{value:.4g}" if isinstance(value, float) else str(value)
