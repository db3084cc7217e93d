"""Conditions of a Condition step."""

from collections.abc import Callable
from typing import Any

from local.sagemaker.expressions import CannotEvaluate, Evaluation
from local.sagemaker.store import Record

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left, right: bool(left == right),
    "NotEquals": lambda left, right: bool(left != right),
    "GreaterThan": lambda left, right: bool(left > right),
    "GreaterThanOrEqualTo": lambda left, right: bool(left >= right),
    "LessThan": lambda left, right: bool(left < right),
    "LessThanOrEqualTo": lambda left, right: bool(left <= right),
}
FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(COMPARISONS, ("LeftValue", "RightValue")),
    "In": ("QueryValue", "Values"),
    "NotIn": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}
"""What each type of condition must have beside its Type."""


def holds(condition: Record, evaluation: Evaluation) -> bool:
    """Tell whether a condition holds. Raises CannotEvaluate, also for values that do not compare."""
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Condition"], evaluation)
    if kind == "Or":
        return any(holds(inner, evaluation) for inner in condition["Conditions"])
    if kind in ("In", "NotIn"):
        found = evaluation.value(condition["QueryValue"]) in evaluation.value(condition["Values"])
        return found if kind == "In" else not found
    left = evaluation.value(condition["LeftValue"])
    right = evaluation.value(condition["RightValue"])
    try:
        return COMPARISONS[kind](left, right)
    except TypeError:
        raise CannotEvaluate(f"{kind} cannot compare {left!r} with {right!r}") from None
