"""Checks a rule against the columns it reads: every name is known, and every sign gets what it can work with."""

import difflib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from trimtab.domain.columns import ColumnType
from trimtab.domain.rules.nodes import (
    Among,
    Binary,
    Call,
    Constant,
    Kind,
    Missing,
    Name,
    Node,
    Not,
    RuleError,
)
from trimtab.domain.rules.parse import COMPARISONS, parse

OF_COLUMN = {
    ColumnType.integer: Kind.number,
    ColumnType.number: Kind.number,
    ColumnType.string: Kind.text,
    ColumnType.boolean: Kind.truth,
    ColumnType.datetime: Kind.time,
}
_OF_TIME = ((Kind.time,), Kind.number)
_SPAN = ((Kind.number,), Kind.span)
_TWO_NUMBERS = ((Kind.number, Kind.number), Kind.number)
FUNCTIONS: Mapping[str, tuple[tuple[Kind, ...], Kind]] = {
    "abs": ((Kind.number,), Kind.number),
    "min": _TWO_NUMBERS,
    "max": _TWO_NUMBERS,
    "length": ((Kind.text,), Kind.number),
    "lower": ((Kind.text,), Kind.text),
    "year": _OF_TIME,
    "month": _OF_TIME,
    "day": _OF_TIME,
    "weekday": _OF_TIME,  # 0 is Monday
    "hour": _OF_TIME,
    "minute_of_day": _OF_TIME,
    "days": _SPAN,
    "hours": _SPAN,
    "minutes": _SPAN,
    "seconds": _SPAN,
    "time": ((Kind.text,), Kind.time),  # of a text that is written in the rule
}
_N, _T, _S = Kind.number, Kind.time, Kind.span
ARITHMETIC: Mapping[tuple[str, Kind, Kind], Kind] = {
    ("+", _N, _N): _N,
    ("+", _T, _S): _T,
    ("+", _S, _T): _T,
    ("+", _S, _S): _S,
    ("-", _N, _N): _N,
    ("-", _T, _T): _S,
    ("-", _T, _S): _T,
    ("-", _S, _S): _S,
    ("*", _N, _N): _N,
    ("*", _N, _S): _S,
    ("*", _S, _N): _S,
    ("/", _N, _N): _N,
    ("/", _S, _S): _N,
    ("/", _S, _N): _S,
    ("%", _N, _N): _N,
}
ORDERED = (Kind.number, Kind.time, Kind.span)


def read(rule: str, columns: Mapping[str, ColumnType]) -> Node:
    """Return what a rule over these columns says. Raises RuleError."""
    node = parse(rule)
    kind = _kind(node, columns)
    if kind is not Kind.truth:
        raise RuleError(f"a rule is true or false, this is a {kind.value}", 1)
    return node


def columns_of(node: Node) -> frozenset[str]:
    """Return the columns that a rule reads."""
    match node:
        case Name(name=name):
            return frozenset({name})
        case Call(arguments=parts):
            return frozenset().union(*map(columns_of, parts))
        case Binary(left=left, right=right):
            return columns_of(left) | columns_of(right)
        case Not(operand=part) | Among(value=part) | Missing(value=part):
            return columns_of(part)
        case _:
            return frozenset()


def _kind(node: Node, columns: Mapping[str, ColumnType]) -> Kind:
    kind = Kind.truth
    match node:
        case Constant():
            kind = node.kind
        case Name() | Missing():
            column = _column(node if isinstance(node, Name) else node.value, columns)
            kind = column if isinstance(node, Name) else Kind.truth
        case Not():
            _insist_on_truth("not", node.at, _kind(node.operand, columns))
        case Among():
            _check_options(node, _kind(node.value, columns))
        case Call():
            kind = _call(node, columns)
        case _:
            sides = _kind(node.left, columns), _kind(node.right, columns)
            kind = _binary(node.operator, *sides, node.at)
    return kind


def _insist_on_truth(operator: str, at: int, *kinds: Kind) -> None:
    for kind in kinds:
        if kind is not Kind.truth:
            raise RuleError(f"{operator!r} takes true or false, not a {kind.value}", at)


def _column(node: Name, columns: Mapping[str, ColumnType]) -> Kind:
    if node.name in columns:
        return OF_COLUMN[columns[node.name]]
    raise RuleError(
        f"{node.name!r} is no column of the contract{_nearest(node.name, columns)}", node.at
    )


def _nearest(word: str, words: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _check_options(node: Among, kind: Kind) -> None:
    for option in node.options:
        if option.kind is not kind:
            raise RuleError(f"a {kind.value} is never a {option.kind.value}", option.at)


def _call(node: Call, columns: Mapping[str, ColumnType]) -> Kind:
    if node.function not in FUNCTIONS:
        nearest = _nearest(node.function, FUNCTIONS) or f"; there are {', '.join(FUNCTIONS)}"
        raise RuleError(f"there is no function {node.function!r}{nearest}", node.at)
    wanted, gives = FUNCTIONS[node.function]
    given = tuple(_kind(argument, columns) for argument in node.arguments)
    if given != wanted:
        takes, got = _listed(wanted), _listed(given) or "nothing"
        raise RuleError(f"{node.function} takes {takes}, not {got}", node.at)
    if node.function == "time":
        _check_moment(node)
    return gives


def _listed(kinds: Iterable[Kind]) -> str:
    return " and ".join(f"a {kind.value}" for kind in kinds)


def _check_moment(node: Call) -> None:
    (text,) = node.arguments
    if not isinstance(text, Constant):
        raise RuleError("time takes a text that is written in the rule", node.at)
    try:
        moment(str(text.value))
    except ValueError:
        raise RuleError(f"{text.value!r} is no time in ISO 8601", text.at) from None


def moment(text: str) -> float:
    """Return a time in ISO 8601 as microseconds since 1970 in UTC. Raises ValueError."""
    told = datetime.fromisoformat(text)
    utc = told.replace(tzinfo=UTC) if told.tzinfo is None else told
    return (utc - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6


def _binary(operator: str, left: Kind, right: Kind, at: int) -> Kind:
    if operator in ("and", "or"):
        _insist_on_truth(operator, at, left, right)
        return Kind.truth
    if operator in COMPARISONS:
        if left is not right:
            raise RuleError(f"a {left.value} cannot be compared with a {right.value}", at)
        if operator not in ("==", "!=") and left not in ORDERED:
            raise RuleError(f"a {left.value} is not more or less than another", at)
        return Kind.truth
    gives = ARITHMETIC.get((operator, left, right))
    if gives is None:
        raise RuleError(f"{operator!r} does not go between a {left.value} and a {right.value}", at)
    return gives
