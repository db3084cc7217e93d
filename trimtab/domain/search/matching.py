"""Says whether an entity is what a filter asks for."""

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from trimtab.domain.search.comparisons import Comparison, Field, Kind, View
from trimtab.domain.search.values import REGISTRY

IS_PROMPT = (
    "mlflow.prompt.is_prompt"  # the tag that tells a prompt from a model in MLflow's registry
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "IN": lambda value, listed: value in listed,
    "NOT IN": lambda value, listed: value not in listed,
}

Test = Callable[[View], bool]


def predicate(comparisons: Sequence[Comparison], kind: Kind) -> Test:
    """Return the function that says whether all comparisons hold; what a view lacks, none but IS NULL holds of.

    Prompts of MLflow's registry are models with a tag. They are found only by a filter that asks for them.
    """
    if kind in REGISTRY and not _asks_for_prompts(comparisons):
        others = [one for one in comparisons if not _is_about_prompts(one)]
        tests = [_not_a_prompt, *map(_test, others)]
    else:
        tests = [_test(one) for one in comparisons]
    return lambda view: all(test(view) for test in tests)


def like(pattern: str, *, ignore_case: bool = False) -> Callable[[str], bool]:
    """Return the function that says whether a whole text is like a pattern: % is any text, _ one character.

    Works piece by piece between the %, so that no pattern can make it slow.
    """
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    first, *rest = pattern.split("%")
    pieces = [re.compile(re.escape(one).replace("_", "."), flags) for one in rest]
    start = re.compile(re.escape(first).replace("_", "."), flags)
    if not rest:
        return lambda text: start.fullmatch(text) is not None
    return lambda text: _is_like(text, start, pieces, len(rest[-1]))


def _is_like(
    text: str, start: re.Pattern[str], pieces: list[re.Pattern[str]], last_length: int
) -> bool:
    found = start.match(text)
    for piece in pieces[:-1]:
        if found is None:
            return False
        found = piece.search(text, found.end())
    tail = len(text) - last_length
    return (
        found is not None and found.end() <= tail and pieces[-1].fullmatch(text, tail) is not None
    )


def _test(comparison: Comparison) -> Test:
    read = _reader(comparison)
    if comparison.operator == "IS NULL":
        return lambda view: all(value is None for value in read(view))
    if comparison.operator == "IS NOT NULL":
        return lambda view: any(value is not None for value in read(view))
    holds = _holds(comparison)
    return lambda view: any(value is not None and holds(value) for value in read(view))


def _holds(comparison: Comparison) -> Callable[[Any], bool]:
    value = comparison.value
    if comparison.operator in ("LIKE", "ILIKE"):
        return like(str(value), ignore_case=comparison.operator == "ILIKE")
    compare = COMPARE[comparison.operator]
    return lambda found: compare(found, value)


def _reader(comparison: Comparison) -> Callable[[View], list[Any]]:
    """Return the function that gives the values which the comparison is about: one, or one for each dataset."""
    key = comparison.key
    match comparison.field:
        case Field.metric:
            return lambda view: [view.metrics.get(key)]
        case Field.parameter:
            return lambda view: [view.params.get(key)]
        case Field.tag:
            return lambda view: [view.tags.get(key)]
        case Field.dataset:
            return lambda view: [dataset.get(key) for dataset in view.datasets]
        case _:
            return lambda view: [view.attributes.get(key)]


def _is_about_prompts(comparison: Comparison) -> bool:
    return comparison.field is Field.tag and comparison.key == IS_PROMPT


def _asks_for_prompts(comparisons: Sequence[Comparison]) -> bool:
    for one in comparisons:
        if _is_about_prompts(one):
            told = (one.operator, str(one.value).lower())
            return told in (("=", "true"), ("!=", "false"))
    return False


def _not_a_prompt(view: View) -> bool:
    return view.tags.get(IS_PROMPT) != "true"
