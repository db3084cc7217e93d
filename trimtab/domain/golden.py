"""Golden requests: rows that a version answered in its evaluation, asked again of its endpoint before it gets any."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import Field, model_validator

from trimtab.domain.base import Frozen

CLOSE = 1e-6  # relative: an answer is written as text, and one row may be summed in another order than many


class Golden(Frozen):
    """The rows of a version's golden request, and what it must answer."""

    columns: tuple[str, ...]
    data: tuple[tuple[Any, ...], ...] = Field(min_length=1)
    predictions: tuple[float, ...]  # of the evaluation, one of each row

    @model_validator(mode="after")
    def _one_prediction_of_each_row(self) -> Self:
        if len(self.predictions) != len(self.data):
            raise ValueError(f"{len(self.predictions)} predictions of {len(self.data)} rows")
        return self


@dataclass(frozen=True)
class Shown:
    """What an endpoint showed when it was asked its version's golden request."""

    sentence: str
    problem: str | None = None  # why it may not get traffic


def compare(golden: Golden, answers: Sequence[Any]) -> Shown:
    """Say whether an endpoint answers as its version did in the evaluation."""
    wrong = [
        f"{given!r:.40} where the evaluation had {wanted:g}"
        for given, wanted in zip(answers, golden.predictions, strict=True)
        if not _is_close(given, wanted)
    ]
    asked = len(golden.predictions)
    told = f"{asked - len(wrong)} of {asked} golden rows answered as in the evaluation"
    return Shown(f"{told}: {wrong[0]}", problem=wrong[0]) if wrong else Shown(told)


def _is_close(given: Any, wanted: float) -> bool:
    return isinstance(given, int | float) and math.isclose(
        given, wanted, rel_tol=CLOSE, abs_tol=CLOSE
    )
