"""The contract check of a prediction request: its rows as the model takes them, and whom they are about.

Columns are checked whole, since nearly every request is right: one pass over types and one over limits tells that
nothing is wrong with a column. Only a column that fails is looked at value by value, to say where and what.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.domain.bad_request import BadRequest, Problem
from trimtab.domain.columns import ColumnType
from trimtab.domain.model import ModelSpec
from trimtab.domain.request_rows import ABSENT, Rows
from trimtab.domain.rules.kinds import columns_of, moment
from trimtab.domain.rules.of_row import is_broken
from trimtab.domain.values import Rule


@dataclass(frozen=True)
class CheckedRows:
    """Rows that keep the contract."""

    values: list[list[Any]]  # of each row, the features in the contract's order
    entity: str | None  # the one that the rows are about; None if they name several or none


def checked_rows(rows: Rows, spec: ModelSpec) -> CheckedRows:
    """Return the rows as the model takes them. Raises BadRequest with every problem."""
    problems = [*rows.problems]
    values = []
    for position, name in enumerate(spec.features):
        column, told = rows.columns[name], spec.contract.value_rules[name]
        if not told.holds(column):
            problems += _problems(rows, position, name, told)
            if told.whole:
                column = [_whole(value) for value in column]
        values.append(column)
    entities = _entities(rows, spec)
    problems += _strange_entities(rows, entities, spec)
    if problems:
        raise BadRequest(problems)
    checked = [list(row) for row in zip(*values, strict=True)]
    if broken := list(_broken_rules(rows, checked, spec)):
        raise BadRequest(broken)
    named = {str(_whole(value)) for value in entities.values()}
    return CheckedRows(checked, named.pop() if len(named) == 1 else None)


def _entities(rows: Rows, spec: ModelSpec) -> dict[int, Any]:
    """The entity of each row that names one."""
    column = rows.columns.get(spec.data.entity_key, ()) if spec.data.entity_key else ()
    return {
        row: value for row, value in enumerate(column) if value is not ABSENT and value is not None
    }


def _strange_entities(rows: Rows, entities: dict[int, Any], spec: ModelSpec) -> list[Problem]:
    """What names an entity must be what the contract says; nothing need name one."""
    key = spec.data.entity_key
    if key is None or (told := spec.contract.value_rules[key]).holds(list(entities.values())):
        return []
    breaches = ((row, told.breach(value)) for row, value in entities.items())
    return [
        Problem(row, len(spec.features), rows.cell(row, key), message, told.expected)
        for row, message in breaches
        if message
    ]


def _broken_rules(rows: Rows, checked: Sequence[list[Any]], spec: ModelSpec) -> Iterator[Problem]:
    """Rows that contradict themselves, as far as the contract's rules read features only."""
    contract = spec.contract
    if not contract.rules:
        return
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
