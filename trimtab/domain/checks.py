"""The contract's rules, checked block by block: which rows break which rule, counted in one pass."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from trimtab.domain.anomalies import (
    EXAMPLES,
    Anomaly,
    AnomalyCode,
    Example,
    Tally,
    cut,
    of_rows,
    percent,
)
from trimtab.domain.cells import Cells
from trimtab.domain.column_checks import ColumnCheck, Rows
from trimtab.domain.columns import Column
from trimtab.domain.contract import Contract, RowRule
from trimtab.domain.dialect import SEPARATORS
from trimtab.domain.profile import Profile
from trimtab.domain.repeats import Repeats
from trimtab.domain.rules.nodes import Node
from trimtab.domain.rules.of_block import broken
from trimtab.domain.since_last import Last, changed, unexpected
from trimtab.domain.times_check import TimesCheck

LISTED = 5  # names in a sentence; the examples hold more


@dataclass(frozen=True)
class Found:
    """What a look at a batch showed."""

    anomalies: tuple[Anomaly, ...]  # each keeps the batch out
    notices: tuple[Anomaly, ...] = ()  # worth telling; they keep nothing out


def check_header(
    header: Sequence[str], contract: Contract, *, target: str, last: Last | None = None
) -> Found:
    """Say which columns are missing, unknown or there twice; no anomaly means that the header fits."""
    known = contract.columns
    found = set(header)
    if not found & set(known):
        sentence = (
            f"the first line names none of the contract's {len(known)} columns "
            f"({_listed(list(known))}): {_why_no_header(header, contract)}"
        )
        nothing = Anomaly(code=AnomalyCode.no_header, sentence=sentence, count=len(known), limit=0)
        return Found((nothing,))
    gone = [name for name in known if name not in found]
    later = [name for name in gone if _may_come_later(name, known[name], header, last)]
    missing = [
        _missing_column(name, is_target=name == target) for name in gone if name not in later
    ]
    unknown = _columns(
        AnomalyCode.unknown_column,
        [name for name in dict.fromkeys(header) if name not in known],
        "not in the contract",
        told=lambda name: _with_meant(name, known),
        conceal=bool(contract.personal) and len(found & set(known)) < len(known) / 2,
    )
    twice = [name for name in known if list(header).count(name) > 1]
    # Where a column is missing, an unknown one is most likely that, under another name.
    refuses = contract.unknown_columns == "refuse" or bool(missing)
    return Found(
        (
            *missing,
            *(unknown if refuses else ()),
            *_columns(AnomalyCode.duplicate_column, twice, "there more than once"),
        ),
        (*(() if refuses else unknown), *map(_not_yet_there, later)),
    )


def _may_come_later(name: str, column: Column, header: Sequence[str], last: Last | None) -> bool:
    """Whether the column is new in the contract: no accepted batch has it yet, and no other name may mean it."""
    if not column.nullable or last is None or name in last.profile.columns:
        return False
    return not any(_meant(given, [name]) for given in header)


def _not_yet_there(name: str) -> Anomaly:
    sentence = (
        f"column {name}, which is new in the contract, is not there yet; all rows are without it"
    )
    return Anomaly(code=AnomalyCode.missing_column, column=name, count=1, sentence=sentence)


def _why_no_header(header: Sequence[str], contract: Contract) -> str:
    """What a person most likely did."""
    known = contract.columns
    if any(_meant(name, known) for name in header):
        return "names are compared as they are written, with their case and spaces"
    for name, separator in SEPARATORS.items():
        if len(header) == 1 and set(header[0].split(separator)) & set(known):
            return f"columns are separated by {contract.separator or 'comma'}s, not by {name}s"
    return "a CSV file needs a header"


def _meant(name: str, known: Collection[str]) -> str | None:
    """The column that differs from the name in case or in spaces around it only."""
    bare = name.strip().casefold()
    return next((column for column in known if column.strip().casefold() == bare), None)


def _with_meant(name: str, known: Collection[str]) -> str:
    meant = _meant(name, known)
    return cut(name) if meant is None else f"{cut(name)!r} (meant: {meant!r}?)"


def _missing_column(name: str, *, is_target: bool) -> Anomaly:
    role = ", the target," if is_target else ""
    return Anomaly(
        code=AnomalyCode.missing_column,
        column=name,
        count=1,
        limit=0,
        sentence=f"column {name}{role} is missing; the contract asks for it",
    )


def _columns(
    code: AnomalyCode,
    names: Sequence[str],
    what: str,
    told: Callable[[str], str] = cut,
    *,
    conceal: bool = False,
) -> list[Anomaly]:
    """Name the columns; `conceal` where their names may be the values of a row, in a file without header."""
    if not names:
        return []
    verb = "column is" if len(names) == 1 else "columns are"
    listed = "" if conceal else f": {_listed(names, told)}"
    return [
        Anomaly(
            code=code,
            column=cut(names[0]) if len(names) == 1 and not conceal else None,
            count=len(names),
            limit=0,
            examples=()
            if conceal
            else tuple(Example(value=cut(name)) for name in names[:EXAMPLES]),
            sentence=f"{len(names):,} {verb} {what}{listed}",
        )
    ]


def _listed(names: Sequence[str], told: Callable[[str], str] = cut) -> str:
    return ", ".join(map(told, names[:LISTED])) + (", …" if len(names) > LISTED else "")


class RuleCheck:
    """Checks a rule over several columns."""

    def __init__(self, rule: RowRule, node: Node) -> None:
        self._rule = rule
        self._node = node
        self._tally = Tally()

    def add(self, rows: Rows, columns: Mapping[str, Cells]) -> None:
        """Take the next block."""
        places = np.flatnonzero(broken(self._node, columns, len(rows)))
        first = places[: self._tally.room].tolist()
        self._tally.add(int(places.size), ((int(rows[place]), None) for place in first))

    def merge(self, later: "RuleCheck", *, after: int) -> None:
        """Take what was counted in the rows that follow the first `after`."""
        self._tally.merge(later._tally, after=after)  # noqa: SLF001

    def anomalies(self, rows: int) -> list[Anomaly]:
        """Name the rule if more rows break it than may."""
        share = self._rule.share
        if self._tally.count <= share * rows:
            return []
        most = f"at most {percent(share)} may" if share else "none may"
        why = f"{self._rule.why}: " if self._rule.why else ""
        what = f"break the rule {why}{self._rule.rule} ({most})"
        return [of_rows(AnomalyCode.rule_broken, self._tally, rows=rows, what=what, limit=share)]


class ContractCheck:
    """Checks a batch against its contract, one block of rows after the other; `now` is when it is judged."""

    def __init__(self, contract: Contract, *, now: datetime) -> None:
        self._contract = contract
        self._columns = {
            name: ColumnCheck(name, column, missing_share=contract.missing_share)
            for name, column in contract.columns.items()
        }
        self._rules = [
            RuleCheck(rule, node) for rule, node in zip(contract.rules, contract.nodes, strict=True)
        ]
        self._repeats = Repeats(contract)
        self._times: TimesCheck | None = None
        if (times := contract.times) is not None:
            personal = times.column in contract.personal
            self._times = TimesCheck(times, personal=personal, now=now)
        self.rows = 0

    def add(self, rows: Rows, columns: Mapping[str, Cells]) -> None:
        """Take the next block: its row numbers, its cells. A column that the batch has not is left out."""
        for name, cells in columns.items():
            self._columns[name].add(cells, rows)
        for rule in self._rules:
            rule.add(rows, columns)
        self._repeats.add(rows, columns)
        if self._times is not None and self._contract.times is not None:
            column = self._contract.times.column
            if column in columns:
                self._times.add(columns[column], rows)
        self.rows += len(rows)

    def merge(self, later: "ContractCheck", *, after: int) -> None:
        """Take what was found, by the same contract, in the rows that follow the first `after`."""
        for name, column in later._columns.items():  # noqa: SLF001
            self._columns[name].merge(column, after=after)
        for mine, theirs in zip(self._rules, later._rules, strict=True):  # noqa: SLF001
            mine.merge(theirs, after=after)
        self._repeats.merge(later._repeats, after=after)  # noqa: SLF001
        if self._times is not None and later._times is not None:  # noqa: SLF001
            self._times.merge(later._times, after=after)  # noqa: SLF001
        self.rows += later.rows

    def broken_rules(self) -> list[Anomaly]:
        """Name every rule that the rows taken so far break, in the contract's order of columns."""
        each = [found for check in self._columns.values() for found in check.anomalies(self.rows)]
        over = [found for check in self._rules for found in check.anomalies(self.rows)]
        times = self._times.anomalies(self.rows) if self._times is not None else []
        return [*each, *over, *self._repeats.anomalies(self.rows), *times]

    def notices(self) -> list[Anomaly]:
        """Name what is new and yet lets the batch pass."""
        return [found for check in self._columns.values() for found in check.notices(self.rows)]

    def as_a_whole(self, profile: Profile, last: Last | None) -> list[Anomaly]:
        """Name what is wrong with the batch now that all its rows are taken; `profile` is of these rows."""
        whole = [*unexpected(self._contract, profile), *changed(self._contract, profile, last)]
        return [*self._count_of_rows(), *whole]

    def _count_of_rows(self) -> list[Anomaly]:
        minimum, maximum = self._contract.minimum_rows, self._contract.maximum_rows
        if self.rows < minimum:
            code, limit, said = AnomalyCode.too_few_rows, minimum, f"at least {minimum:,}"
        elif maximum is not None and self.rows > maximum:
            code, limit, said = AnomalyCode.too_many_rows, maximum, f"at most {maximum:,}"
        else:
            return []
        sentence = f"{self.rows:,} rows; a batch has {said}"
        return [Anomaly(code=code, count=self.rows, limit=limit, sentence=sentence)]
