"""What a prediction request says: its rows, in one of three forms, each checked against the model's contract.

Columns are checked whole, since nearly every request is right: one pass over types and one over limits tells that
nothing is wrong with a column. Only a column that fails is looked at value by value, to say where and what.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.domain.columns import ColumnType
from trimtab.domain.model import ModelSpec
from trimtab.domain.rules.kinds import columns_of, moment
from trimtab.domain.rules.of_row import is_broken
from trimtab.domain.values import Rule, kind, rule

RECORDS, SPLIT, INSTANCES = "dataframe_records", "dataframe_split", "instances"
FORMS = (RECORDS, SPLIT, INSTANCES)
INFERENCE_ID = "inference_id"
LISTED = 20  # problems told one by one; more would not be read
SHOWN = 64  # characters of a name that the contract does not know
ABSENT: Any = object()  # stands where a row has no value for a column


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a request."""

    row: int  # -1: not about a row
    position: int  # of the column in the contract; puts problems in reading order
    place: str
    message: str
    expected: str

    def told(self) -> dict[str, str]:
        """Return what the caller is told."""
        return {"field": self.place, "message": self.message, "expected": self.expected}


class BadRequest(ValueError):
    """The request breaks the contract; `problems` are all of it, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__(f"{len(self.problems)} problems")

    def listed(self) -> list[dict[str, str]]:
        """Return the first problems, as the caller is told."""
        return [problem.told() for problem in self.problems[:LISTED]]

    def sentence(self) -> str:
        """Say what is wrong, with how much of it."""
        first, count = self.problems[0], len(self.problems)
        more = f"; {count} problems in all" if count > 1 else ""
        shown = f", the first {LISTED} are listed" if count > LISTED else ""
        return f"{first.place}: {first.message}, expected {first.expected}{more}{shown}"


@dataclass(frozen=True)
class Rows:
    """Rows as they came: each column's values, and how the request names a cell."""

    columns: dict[str, list[Any]]
    cell: Callable[[int, str], str]
    problems: tuple[Problem, ...] = ()  # already found


def checked_rows(body: object, spec: ModelSpec) -> list[list[Any]]:
    """Return the request's rows, features in the contract's order. Raises BadRequest with every problem."""
    rows = _rows(_one_form(body), body, spec)
    problems = [*rows.problems]
    values = []
    for position, name in enumerate(spec.features):
        column, told = rows.columns[name], rule(spec.contract.columns[name])
        if not told.holds(column):
            problems += _problems(rows, position, name, told)
            if told.whole:
                column = [_whole(value) for value in column]
        values.append(column)
    if problems:
        raise BadRequest(problems)
    checked = [list(row) for row in zip(*values, strict=True)]
    if broken := list(_broken_rules(rows, checked, spec)):
        raise BadRequest(broken)
    return checked


def _broken_rules(rows: Rows, checked: Sequence[list[Any]], spec: ModelSpec) -> Iterator[Problem]:
    """Rows that contradict themselves, as far as the contract's rules read features only."""
    contract = spec.contract
    times = [n for n in spec.features if contract.types[n] is ColumnType.datetime]
    for said, node in zip(contract.rules, contract.nodes, strict=True):
        if said.share or not columns_of(node) <= set(spec.features):
            continue  # a batch may break it in some rows: one row says nothing
        first = min(columns_of(node), key=spec.features.index, default=spec.features[0])
        for number, values in enumerate(checked):
            row = dict(zip(spec.features, values, strict=True))
            row |= {name: moment(row[name]) for name in times if row[name] is not None}
            if is_broken(node, row):
                place = rows.cell(number, first)
                yield Problem(number, 0, place, "breaks a rule", said.why or said.rule)


def _problems(rows: Rows, position: int, name: str, told: Rule) -> list[Problem]:
    found = []
    for row, value in enumerate(rows.columns[name]):
        if value is ABSENT:
            found.append(Problem(row, position, rows.cell(row, name), "is missing", told.expected))
        elif message := told.breach(value):
            found.append(Problem(row, position, rows.cell(row, name), message, told.expected))
    return found


def _whole(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value


def _one_form(body: object) -> str:
    if not isinstance(body, dict):
        raise _refused("body", f"is {kind(body)}", f"an object with one of {', '.join(FORMS)}")
    given = [form for form in FORMS if form in body]
    if len(given) != 1:
        message = f"has {' and '.join(given)}" if given else "has no rows"
        raise _refused("body", message, f"exactly one of {', '.join(FORMS)}")
    unknown = [key for key in body if key not in (given[0], INFERENCE_ID)]
    if unknown:
        raise BadRequest(
            Problem(
                -1,
                place,
                _shown(key),
                "is not a field of a request",
                f"only {given[0]}, {INFERENCE_ID}",
            )
            for place, key in enumerate(unknown)
        )
    return given[0]


def _rows(form: str, body: Any, spec: ModelSpec) -> Rows:
    return _split_rows(body[form], spec) if form == SPLIT else _record_rows(form, body[form], spec)


def _record_rows(form: str, records: object, spec: ModelSpec) -> Rows:
    if not isinstance(records, list):
        raise _refused(form, f"is {kind(records)}", "a list of objects, one per row")
    if not records:
        raise _refused(form, "is empty", "at least one row")
    misfits = [row for row, record in enumerate(records) if type(record) is not dict]
    if misfits:
        raise BadRequest(
            Problem(
                row, 0, f"{form}[{row}]", f"is {kind(records[row])}", "an object: column to value"
            )
            for row in misfits
        )
    columns = {name: [record.get(name, ABSENT) for record in records] for name in spec.features}
    unknown = set().union(*records) - spec.contract.columns.keys()
    problems = _unknown(form, records, unknown, spec) if unknown else ()
    return Rows(columns, lambda row, name: f"{form}[{row}].{name}", problems)


def _unknown(
    form: str, records: Sequence[dict[str, Any]], unknown: set[str], spec: ModelSpec
) -> tuple[Problem, ...]:
    nearest = {name: _nearest(name, spec) for name in unknown}
    message = "is not a column of the contract"
    return tuple(
        Problem(row, -1, f"{form}[{row}].{_shown(name)}", message, nearest[name])
        for row, record in enumerate(records)
        for name in unknown & record.keys()
    )


def _split_rows(split: object, spec: ModelSpec) -> Rows:
    names, data = _header_and_data(split)
    _check_header(names, spec)
    misfits = [
        (row, values)
        for row, values in enumerate(data)
        if type(values) is not list or len(values) != len(names)
    ]
    if misfits:
        raise BadRequest(
            Problem(
                row,
                0,
                f"{SPLIT}.data[{row}]",
                f"has {len(values)} values" if isinstance(values, list) else f"is {kind(values)}",
                f"a list of {len(names)} values, one per column",
            )
            for row, values in misfits
        )
    by_name = {name: [row[place] for row in data] for place, name in enumerate(names)}
    columns = {name: by_name[name] for name in spec.features}
    return Rows(columns, lambda row, name: f"{SPLIT}.data[{row}].{name}")


def _header_and_data(split: object) -> tuple[list[Any], list[Any]]:
    if not isinstance(split, dict):
        raise _refused(SPLIT, f"is {kind(split)}", "an object with columns and data")
    names, data = split.get("columns"), split.get("data")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _refused(f"{SPLIT}.columns", f"is {kind(names)}", "a list of column names")
    if not isinstance(data, list):
        raise _refused(f"{SPLIT}.data", f"is {kind(data)}", "a list of rows, each a list of values")
    if not data:
        raise _refused(f"{SPLIT}.data", "is empty", "at least one row")
    return names, data


def _check_header(names: Sequence[str], spec: ModelSpec) -> None:
    """A header is told once, not for every row."""
    problems = [
        Problem(-1, place, f"{SPLIT}.columns[{place}]", message, expected)
        for place, name in enumerate(names)
        for message, expected in _header_problem(name, names[:place], spec)
    ]
    problems += [
        Problem(-1, len(names) + place, f"{SPLIT}.columns", f"misses {name}", rule(column).expected)
        for place, (name, column) in enumerate(spec.contract.columns.items())
        if name in spec.features and name not in names
    ]
    if problems:
        raise BadRequest(problems)


def _header_problem(name: str, before: Sequence[str], spec: ModelSpec) -> list[tuple[str, str]]:
    if name not in spec.contract.columns:
        return [(f"{_shown(name)} is not a column of the contract", _nearest(name, spec))]
    return [(f"{name} stands twice", "each column once")] if name in before else []


def _nearest(name: str, spec: ModelSpec) -> str:
    close = difflib.get_close_matches(name, spec.features, n=1)
    return f"{close[0]}?" if close else f"only {', '.join(spec.features)}"


def _shown(name: str) -> str:
    """Return a caller's name short, and in characters that can be sent back."""
    return name[:SHOWN].encode(errors="replace").decode()


def _refused(name: str, message: str, expected: str) -> BadRequest:
    return BadRequest([Problem(-1, 0, name, message, expected)])
