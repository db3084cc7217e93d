"""Lets a Query on a large partition answer in milliseconds: the emulator reads its key condition anew for each item.

The condition is read once where it has one of the usual forms over text keys; whatever else stays the emulator's.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ministack.services import dynamodb

SLOT = "KeyConditionExpression"
NAME, VALUE = r"([#\w]+)", r"(:\w+)"
USUAL = re.compile(
    rf"\s*{NAME}\s*=\s*{VALUE}"
    rf"(?: AND (?:begins_with\({NAME}, ?{VALUE}\)|{NAME} BETWEEN {VALUE} AND {VALUE}))?\s*"
)
Evaluate = Callable[..., Any]


def install() -> None:
    """Let the emulator's queries use it."""
    dynamodb._evaluate_condition = _quick(dynamodb._evaluate_condition)


def _quick(evaluate: Evaluate) -> Evaluate:
    def evaluate_condition(
        expr: str, item: Any, attr_values: Any, attr_names: Any, slot: str = "ConditionExpression"
    ) -> Any:
        if slot == SLOT:
            found = keeps(expr, item, attr_values, attr_names)
            if found is not None:
                return found
        return evaluate(expr, item, attr_values, attr_names, slot)

    return evaluate_condition


def keeps(
    expression: str,
    item: Mapping[str, Any],
    values: Mapping[str, Any] | None,
    names: Mapping[str, str] | None,
) -> bool | None:
    """Say whether an item is what a key condition asks for; None where the emulator has to say it."""
    parts = _parts(expression)
    if parts is None:
        return None
    pk, pk_value, prefixed, prefix, ranged, low, high = parts
    try:
        if item[_named(pk, names)]["S"] != values[pk_value]["S"]:  # type: ignore[index]
            return False
        if prefixed:
            text: str = item[_named(prefixed, names)]["S"]
            return text.startswith(values[prefix]["S"])  # type: ignore[index]
        if ranged:
            text = item[_named(ranged, names)]["S"]
            # Code points sort as the bytes of UTF-8 do, by which DynamoDB sorts.
            return bool(values[low]["S"] <= text <= values[high]["S"])  # type: ignore[index]
    except (KeyError, TypeError):
        return None
    return True


@lru_cache(maxsize=256)
def _parts(expression: str) -> tuple[str, ...] | None:
    found = USUAL.fullmatch(expression)
    return tuple(part or "" for part in found.groups()) if found else None


def _named(name: str, names: Mapping[str, str] | None) -> str:
    return names[name] if name.startswith("#") and names else name
