"""Judges a rule over one row: what `of_block` says, without numpy, for prediction requests."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

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
    "min": min,
    "max": max,
}
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "abs": abs,
    "length": lambda text: float(len(text)),
    "lower": str.lower,
    "time": moment,
    **PARTS,
    **{name: span.__mul__ for name, span in SPANS.items()},
}


def is_broken(node: Node, row: Mapping[str, Any]) -> bool:
    """Say whether the row breaks the rule: it is known to be false. A time is microseconds since 1970 in UTC."""
    return _of(node, row) is False


def _of(node: Node, row: Mapping[str, Any]) -> Any:
    """What the expression gives; None where that is unknown."""
    match node:
        case Constant() | Name() | Missing():
            return _leaf(node, row)
        case Not():
            told = _of(node.operand, row)
            return None if told is None else not told
        case Among():
            told = _of(node.value, row)
            return None if told is None else told in [option.value for option in node.options]
        case Call():
            return _computed(node.function, [_of(given, row) for given in node.arguments])
        case _:
            return _binary(node.operator, _of(node.left, row), _of(node.right, row))


def _leaf(node: Constant | Name | Missing, row: Mapping[str, Any]) -> Any:
    match node:
        case Constant():
            return node.value
        case Name():
            value = row.get(node.name)
            return float(value) if type(value) is int else value
        case _:
            return row.get(node.value.name) is None


def _binary(sign: str, left: Any, right: Any) -> Any:
    if sign in ("and", "or"):
        decides = sign == "or"  # one that is true decides an `or`, whatever the other may be
        if decides in (left, right):
            return decides
        return None if left is None or right is None else not decides
    return _computed(sign, [left, right])


def _computed(function: str, given: list[Any]) -> Any:
    if any(value is None for value in given):
        return None
    try:
        value = SIGNS[function](*given) if function in SIGNS else FUNCTIONS[function](*given)
    except ArithmeticError:
        return None
    return None if isinstance(value, float) and not math.isfinite(value) else value
