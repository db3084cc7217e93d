"""The rule of one column for values that come as JSON: a string is never taken for a number.

No message holds a value: messages reach the log, rows do not.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.domain.columns import Column, ColumnType

NUMBERS = (ColumnType.integer, ColumnType.number)
LARGEST = {
    ColumnType.integer: 2**63 - 1,
    ColumnType.number: sys.float_info.max,
}  # what 64 bits hold
LISTED = 20  # allowed values told; a longer list would not be read

TYPES: dict[ColumnType, frozenset[type]] = {
    ColumnType.integer: frozenset({int}),
    ColumnType.number: frozenset({int, float}),
    ColumnType.string: frozenset({str}),
    ColumnType.boolean: frozenset({bool}),
    ColumnType.datetime: frozenset({str}),
}
WORDS = {
    ColumnType.integer: "an integer",
    ColumnType.number: "a number",
    ColumnType.string: "a string",
    ColumnType.boolean: "true or false",
    ColumnType.datetime: "a time in ISO 8601",
}


@dataclass(frozen=True)
class Rule:
    """What the values of one column must be."""

    expected: str  # the rule in words
    holds: Callable[[Sequence[Any]], bool]  # whether all values keep it; may doubt values that do
    breach: Callable[[Any], str]  # what is wrong with one value; empty if nothing
    whole: bool  # whether 3.0 is passed on as 3: JSON has one kind of number


def rule(column: Column) -> Rule:
    """Return the rule of a column."""
    return Rule(
        _expected(column), _holds(column), _breach(column), column.type is ColumnType.integer
    )


def kind(value: object) -> str:
    """Return what a JSON value is, in words."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinite"
    words = {
        dict: "an object",
        list: "a list",
        str: "a string",
        bool: "a boolean",
        type(None): "null",
    }
    return words.get(type(value), "a number")


def _expected(column: Column) -> str:
    words = WORDS[column.type]
    if column.minimum is not None and column.maximum is not None:
        words += f" from {column.minimum:g} to {column.maximum:g}"
    elif column.minimum is not None:
        words += f" of at least {column.minimum:g}"
    elif column.maximum is not None:
        words += f" of at most {column.maximum:g}"
    if column.longest is not None:
        words += f" of at most {column.longest:,} characters"
    if column.allowed is not None and not column.new_share:
        more = f" and {len(column.allowed) - LISTED} more" if len(column.allowed) > LISTED else ""
        words = f"one of {', '.join(column.allowed[:LISTED])}{more}"
    return words + (" or null" if column.nullable else "")


def _holds(column: Column) -> Callable[[Sequence[Any]], bool]:
    if column.type in NUMBERS:
        return _all_numbers(column)
    if column.type is ColumnType.datetime:
        return lambda _: False  # each must be read to know
    return _all_words(column)


def _types(column: Column) -> frozenset[type]:
    return TYPES[column.type] | ({type(None)} if column.nullable else frozenset())


def _all_numbers(column: Column) -> Callable[[Sequence[Any]], bool]:
    types = _types(column)
    low, high = _limits(column)

    def holds(values: Sequence[Any]) -> bool:
        found = set(map(type, values))
        if not found <= types:
            return False
        known = [v for v in values if v is not None] if type(None) in found else values
        if not known:
            return True
        # The sum is NaN if any value is, which the comparisons alone would not tell.
        return bool(low <= min(known) and max(known) <= high and math.isfinite(sum(known)))

    return holds


def _all_words(column: Column) -> Callable[[Sequence[Any]], bool]:
    types, longest = _types(column), column.longest
    # Where a batch may have new values, one request may be all of them.
    closed = column.allowed is not None and not column.new_share
    allowed = frozenset(column.allowed or ()) if closed else None

    def holds(values: Sequence[Any]) -> bool:
        if not set(map(type, values)) <= types:
            return False
        different = set(values) - {None}
        if longest is not None and any(len(value) > longest for value in different):
            return False
        return allowed is None or different <= allowed

    return holds


def _breach(column: Column) -> Callable[[Any], str]:
    types = TYPES[column.type]
    low, high = _limits(column)

    def breach(value: Any) -> str:
        if value is None:
            return "" if column.nullable else "is null"
        if column.type is ColumnType.integer and type(value) is float and value.is_integer():
            value = int(value)
        if type(value) not in types or kind(value) in ("NaN", "infinite"):
            return "is not an integer" if _is_fraction(value, column) else f"is {kind(value)}"
        if column.type in NUMBERS and not low <= value <= high:
            return "is below the minimum" if value < low else "is above the maximum"
        return _breach_of_text(column, value) or (
            "is not a time" if _is_no_time(value, column) else ""
        )

    return breach


def _breach_of_text(column: Column, value: Any) -> str:
    if column.longest is not None and len(value) > column.longest:
        return f"has {len(value):,} characters"
    if column.allowed is not None and not column.new_share and value not in column.allowed:
        return "is not an allowed value"
    return ""


def _limits(column: Column) -> tuple[float, float]:
    largest = LARGEST.get(column.type, 0)
    low = -largest if column.minimum is None else column.minimum
    return low, largest if column.maximum is None else column.maximum


def _is_fraction(value: Any, column: Column) -> bool:
    return column.type is ColumnType.integer and type(value) is float and math.isfinite(value)


def _is_no_time(value: Any, column: Column) -> bool:
    if column.type is not ColumnType.datetime:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return True
    return False
