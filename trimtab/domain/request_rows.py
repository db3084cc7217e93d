"""The rows of a prediction request, whatever form they came in, column by column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.domain.bad_request import BadRequest, Problem, nearest, shown
from trimtab.domain.model import ModelSpec
from trimtab.domain.values import kind

ABSENT: Any = object()  # stands where a row has no value for a column


@dataclass(frozen=True)
class Rows:
    """Rows as they came: each column's values, and how the request names a cell."""

    columns: dict[str, list[Any]]  # every feature, and the entity key where the request has it
    cell: Callable[[int, str], str]
    problems: tuple[Problem, ...] = ()  # already found


@dataclass(frozen=True)
class Form:
    """How a form that names its columns once calls its parts."""

    header: str  # all the names together
    name: Callable[[int, str], str]  # one of them, by its place
    row: Callable[[int], str]
    cell: Callable[[int, str], str]


def read_columns(spec: ModelSpec) -> tuple[str, ...]:
    """Return the columns that a request is read for; others of the contract may stand in it."""
    key = spec.data.entity_key
    return (*spec.features, key) if key else spec.features


def table(names: Sequence[str], data: Sequence[Any], form: Form, spec: ModelSpec) -> Rows:
    """Return rows that stand below one line of names. Raises BadRequest for wrong names and misshapen rows."""
    check_names(names, form, spec)
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
                form.row(row),
                f"has {len(values)} values" if isinstance(values, list) else f"is {kind(values)}",
                f"a list of {len(names)} values, one per column",
            )
            for row, values in misfits
        )
    places = {name: place for place, name in enumerate(names)}
    read = [name for name in read_columns(spec) if name in places]
    return Rows({name: [row[places[name]] for row in data] for name in read}, form.cell)


def check_names(names: Sequence[str], form: Form, spec: ModelSpec) -> None:
    """Raise BadRequest unless the names are columns, each once, and every feature is among them."""
    different = set(names)
    known = spec.contract.columns.keys()
    if len(different) == len(names) and different.issuperset(spec.features) and different <= known:
        return
    problems = [
        Problem(-1, place, form.name(place, shown(name)), message, expected)
        for place, name in enumerate(names)
        for message, expected in _problem_of_name(name, names[:place], spec)
    ]
    problems += [
        Problem(-1, len(names) + place, form.header, f"misses {name}", told.expected)
        for place, (name, told) in enumerate(spec.contract.value_rules.items())
        if name in spec.features and name not in names
    ]
    raise BadRequest(problems)


def _problem_of_name(name: str, before: Sequence[str], spec: ModelSpec) -> list[tuple[str, str]]:
    if name not in spec.contract.columns:
        return [(f"{shown(name)} is not a column of the contract", nearest(name, spec))]
    return [(f"{name} stands twice", "each column once")] if name in before else []
