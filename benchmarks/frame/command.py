"""The command line that every benchmark has."""

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.frame.rows import Row
from benchmarks.frame.table import table

Options = argparse.Namespace
Measure = Callable[[Options], Iterable[Row]]


def run(
    name: str,
    measure: Measure,
    about: str,
    arguments: Callable[[argparse.ArgumentParser], Any] | None = None,
    words: Sequence[str] | None = None,
) -> int:
    """Measure, print the table to stdout and, where asked, write the rows to a file as JSON.

    Each row is told on stderr as soon as it is known. Returns 0 whether targets are met or not: a benchmark that
    fails on a busy machine would teach people to overlook it.
    """
    parser = argparse.ArgumentParser(prog=f"make bench NAME={name}", description=about)
    parser.add_argument("--quick", action="store_true", help="fewer repeats and smaller sizes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to this file")
    if arguments:
        arguments(parser)
    options = parser.parse_args(words)
    # A benchmark that is told to end takes with it the peers that it started.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _measured(name, measure, options)
    finally:
        signal.signal(signal.SIGTERM, before)


def _measured(name: str, measure: Measure, options: Options) -> int:
    started, rows = time.monotonic(), []
    for row in measure(options):
        rows.append(row)
        print(f"{time.monotonic() - started:6.1f} s  {row.what}", file=sys.stderr, flush=True)
    print(table(rows))
    met, aimed = sum(row.met is True for row in rows), sum(row.met is not None for row in rows)
    print(f"\n{met} of {aimed} targets met; {_machine()}")
    if options.json:
        facts = {"benchmark": name, "quick": options.quick, "machine": _machine()}
        facts["rows"] = [row.as_json() for row in rows]
        options.json.write_text(json.dumps(facts, indent=2) + "\n")
    return 0


def _machine() -> str:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}"
