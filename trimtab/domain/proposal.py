"""Proposes a contract from what files were seen to hold, with the evidence for each line of it.

What is proposed is what was seen, with room for what was not: how much room is said beside each line. Expectations
that compare files need two of them at least; one file says little about the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from trimtab.domain.anomalies import percent
from trimtab.domain.columns import ColumnType
from trimtab.domain.contract import Contract
from trimtab.domain.evidence import ColumnOfFile, Survey
from trimtab.domain.proposed_columns import proposed_column
from trimtab.domain.proposed_ranges import ceiling, floor, rounded

FEW_HOURS = 22  # hours of the day with rows; with more, the quiet ones are chance
TEXTS = (ColumnType.string, ColumnType.boolean)
ENOUGH = 1_000  # rows for an hour without any to mean something

Path = tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One line of a proposed contract."""

    path: Path
    value: Any
    why: str


@dataclass(frozen=True)
class Proposal:
    """A contract, and why each line of it is as it is."""

    lines: tuple[Line, ...]

    @property
    def contract(self) -> Contract:
        """The contract that the lines make."""
        return Contract.model_validate(self.tree, strict=False)

    @property
    def tree(self) -> dict[str, Any]:
        """The lines as nested mappings; rules as a list."""
        tree: dict[str, Any] = {}
        for line in self.lines:
            place = tree
            for part in line.path[:-1]:
                place = place.setdefault(part, {})
            place[line.path[-1]] = line.value
        return tree


def propose(survey: Survey) -> Proposal:
    """Return the contract that the files of a survey suggest."""
    return Proposal(tuple(_lines(survey)))


def _lines(survey: Survey) -> Iterator[Line]:
    yield from _rows(survey)
    yield from _times(survey)
    yield from _rules(survey)
    yield from _since_last(survey)
    for name in survey.types:
        for field, value, why in proposed_column(survey, name):
            yield Line(("columns", name, *field), value, why)


def _rows(survey: Survey) -> Iterator[Line]:
    counts = [file.rows for file in survey.files]
    few, many = min(counts), max(counts)
    if len(counts) == 1:
        yield Line(("minimum_rows",), max(1, few // 10), f"a tenth of the one file's {few:,} rows")
    else:
        seen = f"the {len(counts)} files have {few:,} to {many:,} rows"
        yield Line(("minimum_rows",), max(1, few // 2), f"half of the smallest; {seen}")
        yield Line(("maximum_rows",), many * 2, "twice the largest")
    share = max(file.repeated_share for file in survey.files)
    yield Line(
        ("duplicate_share",),
        min(1.0, rounded(share * 2 + 0.0005)),
        f"at most {percent(share)} of a file repeat an earlier row whole; twice that and a little",
    )


def _times(survey: Survey) -> Iterator[Line]:
    name = next((n for n, kind in survey.types.items() if kind is ColumnType.datetime), None)
    if name is None:
        return
    files = [file.columns[name] for file in survey.files if file.columns[name].there]
    yield Line(("times", "column"), name, "the first column of times")
    rows = sum(file.there for file in files)
    hours = sorted(set().union(*(file.hours for file in files)))
    if len(hours) <= FEW_HOURS and rows >= ENOUGH:
        yield Line(("times", "hours"), hours, f"UTC; none of {rows:,} rows lies at another hour")
    if len(files) > 1:
        yield from _span_and_gap(files)


def _span_and_gap(files: list[ColumnOfFile]) -> Iterator[Line]:
    spans = [((file.maximum or 0) - (file.minimum or 0)) / 86_400e6 for file in files]
    few, many = min(spans), max(spans)
    if few > 0 and many <= 2 * few:
        room = 0.05
        seen = f"files span {few:.4g} to {many:.4g} days; 5 % of room"
        yield Line(("times", "span_days", "minimum"), floor(few * (1 - room)), seen)
        yield Line(("times", "span_days", "maximum"), ceiling(many * (1 + room)), seen)
    gaps = sorted(file.gap for file in files)
    usual = median(gaps)
    if usual:
        said = f"the longest gaps of the files are {gaps[0]:,} to {gaps[-1]:,} hours, half of them up to {usual:g}; twice that"
        yield Line(("times", "gap_hours"), float(2 * usual), said)


def _rules(survey: Survey) -> Iterator[Line]:
    rows = sum(file.rows for file in survey.files)
    found = [
        (relation.rule, f"{relation.time} and {relation.number} always differ so")
        for relation in survey.relations()
    ]
    found += [
        (f"{one} <= {two}", f"{one} is never after {two}")
        for one, two in survey.ordered()
        if one.isidentifier() and two.isidentifier()
    ]
    if found:
        rules = [{"rule": rule, "why": why} for rule, why in found]
        yield Line(("rules",), rules, f"true of all {rows:,} rows")


def _since_last(survey: Survey) -> Iterator[Line]:
    counts = [file.rows for file in survey.files]
    if len(counts) < 2 or not all(counts):  # noqa: PLR2004 (a change needs two)
        return
    ratios = [after / before for before, after in pairwise(counts)]
    seen = f"from file to file the rows change by {min(ratios):.3g} to {max(ratios):.3g}; half as much again"
    yield Line(("since_last", "row_ratio", "minimum"), floor(min(ratios) / 1.5), seen)
    yield Line(("since_last", "row_ratio", "maximum"), ceiling(max(ratios) * 1.5), seen)
    rise = max(survey.missing_between(name) for name in survey.types)
    yield Line(
        ("since_last", "missing_change"),
        min(1.0, rounded(2 * rise + 0.02)),
        f"no share of nulls rises by more than {percent(rise)}; twice that and a little",
    )
    moves = {name: survey.means_between(name) for name in survey.types}
    known = {name: move for name, move in moves.items() if move is not None}
    if known:
        most = max(known, key=lambda name: known[name])
        said = f"no mean moves by more than the {known[most]:.3g} deviations of {most}; half as much again"
        yield Line(("since_last", "mean_shift"), ceiling(known[most] * 1.5 + 0.05), said)
    shares = {name: survey.levels_between(name) for name in survey.types}
    there = {n: s for n, s in shares.items() if s is not None and survey.types[n] in TEXTS}
    if there:
        most = max(there, key=lambda name: there[name])
        said = (
            f"no column changes more than the {percent(there[most])} of {most}; half as much again"
        )
        yield Line(("since_last", "level_shift"), min(1.0, ceiling(there[most] * 1.5 + 0.01)), said)
