"""Judges a rule over a block of rows at once."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.cells import Cells, Mask
from trimtab.domain.columns import ColumnType
from trimtab.domain.rules.calendar import PARTS, SPANS
from trimtab.domain.rules.kinds import moment
from trimtab.domain.rules.nodes import Among, Call, Constant, Missing, Name, Node, Not

SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "min": np.minimum,
    "max": np.maximum,
}


@dataclass(frozen=True)
class Told:
    """What an expression gives for each row, where that is known."""

    values: NDArray[Any]
    known: Mask


def broken(node: Node, cells: Mapping[str, Cells], rows: int) -> Mask:
    """Say which rows break the rule: those for which it is known to be false."""
    with np.errstate(all="ignore"):  # what is no finite number is unknown
        told = _of(node, cells, rows)
    return told.known & ~told.values.astype(np.bool_)


def _of(node: Node, cells: Mapping[str, Cells], rows: int) -> Told:
    match node:
        case Constant() | Name() | Missing():
            return _leaf(node, cells, rows)
        case Not():
            told = _of(node.operand, cells, rows)
            return Told(~told.values, told.known)
        case Among():
            told = _of(node.value, cells, rows)
            options = [option.value for option in node.options]
            return Told(np.isin(told.values, options), told.known)
        case Call():
            return _call(node.function, [_of(given, cells, rows) for given in node.arguments])
        case _:
            sides = _of(node.left, cells, rows), _of(node.right, cells, rows)
            return _binary(node.operator, *sides)


def _leaf(node: Constant | Name | Missing, cells: Mapping[str, Cells], rows: int) -> Told:
    everywhere = np.ones(rows, dtype=np.bool_)
    match node:
        case Constant(value=value):
            dtype = object if isinstance(value, str) else None
            return Told(np.full(rows, value, dtype=dtype), everywhere)
        case Name():
            return _column(cells.get(node.name), rows)
        case _:
            column = cells.get(node.value.name)
            return Told(everywhere if column is None else column.missing, everywhere)


def _column(cells: Cells | None, rows: int) -> Told:
    if cells is None:
        return Told(np.zeros(rows), np.zeros(rows, dtype=np.bool_))
    if cells.codes is None:
        return Told(np.asarray(cells.numbers, dtype=np.float64), cells.good)
    if cells.type is ColumnType.boolean:
        return Told(np.array([level == "true" for level in cells.levels])[cells.codes], cells.good)
    return Told(np.array(cells.levels, dtype=object)[cells.codes], cells.good)


def _call(function: str, given: list[Told]) -> Told:
    first = given[0]
    if function in SIGNS:
        return _finite(SIGNS[function](first.values, given[1].values), first.known & given[1].known)
    if function == "abs":
        return Told(np.abs(first.values), first.known)
    if function in PARTS:
        return Told(PARTS[function](first.values), first.known)
    if function in SPANS:
        return _finite(first.values * SPANS[function], first.known)
    change: Callable[[Any], Any] = {"length": len, "lower": str.lower, "time": moment}[function]
    # Where nothing is known, a text may stand as zero.
    values = [change(v) if k else v for v, k in zip(first.values, first.known, strict=True)]
    return Told(np.array(values, dtype=object if function == "lower" else np.float64), first.known)


def _binary(sign: str, left: Told, right: Told) -> Told:
    both = left.known & right.known
    if sign == "and":
        either_false = (left.known & ~left.values) | (right.known & ~right.values)
        return Told(left.values & right.values & ~either_false, both | either_false)
    if sign == "or":
        either_true = (left.known & left.values) | (right.known & right.values)
        return Told(left.values | right.values | either_true, both | either_true)
    values = SIGNS[sign](left.values, right.values)
    return _finite(values, both) if values.dtype == np.float64 else Told(values, both)


def _finite(values: NDArray[Any], known: Mask) -> Told:
    return Told(values, known & np.isfinite(values))
