"""What is proposed for one column, line by line, with the evidence."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from trimtab.domain.anomalies import percent
from trimtab.domain.columns import NUMBERS, ColumnType
from trimtab.domain.evidence import ColumnOfFile, Survey
from trimtab.domain.proposed_ranges import are_codes, ceiling, floor, highest, lowest, rounded

Field = tuple[tuple[str, ...], Any, str]

ALLOWED = 200  # different texts; a longer list nobody keeps
FEW = 20  # different texts are a closed list, of which a file shows all
ROWS_A_LEVEL = 20  # rows on each text in the mean; with fewer they are names or free text
WIDTHS, LEAST_ROOM = 3, 0.25  # room of a mean by the number of files: few have not shown much
MEANS = 3  # digits of the limits of a mean
ENOUGH = 100  # rows for a column to be called unique, or one that varies
PERSONAL = re.compile(
    r"(^|_)(e?mail|phone|mobile|ssn|passport|iban|birth\w*|dob|surname|firstname|lastname|address"
    r"|street|ip|name)(_|$)|(first|last|full)_?name",
    re.IGNORECASE,
)


def proposed_column(survey: Survey, name: str) -> Iterator[Field]:
    """Give the lines of a column."""
    kind = survey.types[name]
    files = [file.columns[name] for file in survey.files]
    rows, missing = sum(file.rows for file in files), sum(file.missing for file in files)
    yield ("type",), kind.value, _type_seen(kind, rows - missing)
    if missing:
        yield from _nulls(files, rows, missing)
    if PERSONAL.search(name):
        # Nothing of its values may stand in a contract, which many read.
        yield ("personal",), True, "by its name; nothing of its values is proposed, or ever written"
        return
    if kind in NUMBERS:
        yield from _numbers(survey, name, files)
    if kind is ColumnType.string:
        yield from _texts(files, rows - missing)
    if files and all(file.varies and file.there >= ENOUGH for file in files):
        yield ("varies",), True, "has several values in every file"
    if name in survey.unique() and rows - missing >= ENOUGH:
        yield ("unique",), True, f"none of {rows - missing:,} values stands twice in a file"


def _type_seen(kind: ColumnType, there: int) -> str:
    words = {
        ColumnType.integer: "whole numbers",
        ColumnType.number: "numbers",
        ColumnType.boolean: "true or false",
        ColumnType.datetime: "times",
        ColumnType.string: "text",
    }
    return f"all {there:,} values are {words[kind]}" if there else "no value was seen: a guess"


def _nulls(files: list[ColumnOfFile], rows: int, missing: int) -> Iterator[Field]:
    most = max(file.missing_share for file in files)
    yield ("nullable",), True, f"{missing:,} of {rows:,} values are missing"
    said = f"at most {percent(most)} of a file; half as much again and a little"
    yield ("missing_share",), min(1.0, rounded(most * 1.5 + 0.01)), said


def _numbers(survey: Survey, name: str, files: list[ColumnOfFile]) -> Iterator[Field]:
    seen = [file for file in files if file.minimum is not None]
    low = min(file.minimum for file in seen if file.minimum is not None)
    high = max(file.maximum for file in seen if file.maximum is not None)
    levels = _levels(files)
    whole = survey.types[name] is ColumnType.integer and levels is not None
    codes = whole and are_codes(low, high, len(levels or ()))
    minimum, why = lowest(low, high, codes=codes)
    yield ("minimum",), _like(minimum, survey.types[name]), why
    maximum, why = highest(low, high, codes=codes)
    yield ("maximum",), _like(maximum, survey.types[name]), why
    means = sorted(file.mean for file in seen if file.mean is not None)
    if len(means) > 1:
        part = max(LEAST_ROOM, WIDTHS / len(means))
        room = max((means[-1] - means[0]) * part, max(file.deviation for file in seen) / 10)
        told = f"means of {means[0]:.4g} to {means[-1]:.4g}; {part:.2g} of their width, or a tenth of a deviation, as room"
        yield ("mean", "minimum"), floor(means[0] - room, MEANS), told
        yield ("mean", "maximum"), ceiling(means[-1] + room, MEANS), told


def _texts(files: list[ColumnOfFile], there: int) -> Iterator[Field]:
    levels = _levels(files)
    if levels and len(levels) <= ALLOWED and there >= ROWS_A_LEVEL * len(levels):
        yield ("allowed",), sorted(levels), f"{len(levels):,} texts in {there:,} values"
        new, seen = _new_share(files, levels)
        if new:
            yield ("new_share",), rounded(2 * new), f"{seen}; twice that"
        return
    longest = max(file.longest for file in files)
    if longest:
        yield ("longest",), 2 * longest, f"twice the longest, of {longest:,} characters"


def _levels(files: list[ColumnOfFile]) -> Counter[str] | None:
    together: Counter[str] = Counter()
    for file in files:
        if file.levels is None:
            return None
        together.update(file.levels)
    return together


def _new_share(files: list[ColumnOfFile], together: Counter[str]) -> tuple[float, str]:
    """The share of values that are new in a file, as far as it can be told, and how it was seen."""
    if len(files) == 1:
        # What was seen once measures what was not seen yet (Good and Turing).
        once = sum(1 for n in together.values() if n == 1)
        share = once / together.total() if len(together) > FEW else 0.0
        return (
            share,
            f"{once} of {len(together)} texts were seen once, {percent(share)} of the values",
        )
    known: set[str] = set()
    most = 0.0
    for place, file in enumerate(files):
        levels: Counter[str] = file.levels or Counter()
        if place and file.there:
            new = sum(n for level, n in levels.items() if level not in known)
            most = max(most, new / file.there)
        known |= levels.keys()
    return most, f"at most {percent(most)} of a file were not in any file before it"


def _like(value: float, kind: ColumnType) -> float | int:
    return int(value) if kind is ColumnType.integer and value.is_integer() else value
