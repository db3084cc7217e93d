"""What a sweep searches: hyperparameters in ranges, by a strategy, for a metric, in so many trials."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from trimtab.domain.base import Frozen
from trimtab.domain.pipeline_parameters import text

Hyperparameter = str | int | float | bool
Mistake = tuple[tuple[str | int, ...], str]
"""A place below the value that was read, and what is wrong there."""

TRIALS_MOST, PARALLEL_MOST, RANGES_MOST, CHOICES_MOST = 750, 10, 30, 30
"""SageMaker's quotas of a tuning job, as they are unless an account has had them raised."""
CHOICES_LEAST = 2  # one is no choice


Scaling = Literal["auto", "linear", "logarithmic", "reverse_logarithmic"]
Trials = Annotated[int, Field(ge=1, le=TRIALS_MOST)]
Parallel = Annotated[int, Field(ge=1, le=PARALLEL_MOST)]


class Range(Frozen):
    """The values of one hyperparameter that trials may take."""

    type: Literal["continuous", "integer", "categorical"]  # numbers, whole numbers, or words
    minimum: float | None = None  # of numbers: the least
    maximum: float | None = None  # of numbers: the most
    values: tuple[Hyperparameter, ...] = ()  # of a categorical range: all there are
    scaling: Scaling = "auto"  # of numbers: how draws lie between the ends

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        mistakes = self._of_words() if self.type == "categorical" else self._of_numbers()
        _refuse(list(mistakes))
        return self

    def _of_words(self) -> Iterator[Mistake]:
        for field in ("minimum", "maximum", "scaling"):
            if getattr(self, field) not in (None, "auto"):
                yield (field,), "a categorical range has values, and no ends"
        texts = [text(value) for value in self.values]
        if not CHOICES_LEAST <= len(texts) <= CHOICES_MOST:
            yield (
                ("values",),
                f"expected {CHOICES_LEAST} to {CHOICES_MOST} values to choose from, got {len(texts)}",
            )
        elif len(set(texts)) < len(texts):
            yield ("values",), "expected each value once"

    def _of_numbers(self) -> Iterator[Mistake]:
        if self.values:
            yield ("values",), f"a range of type {self.type} has minimum and maximum, and no values"
        absent = [field for field in ("minimum", "maximum") if getattr(self, field) is None]
        for field in absent:
            yield (field,), f"missing; a range of type {self.type} needs it"
        if self.type == "integer":
            for field in ("minimum", "maximum"):
                value = getattr(self, field)
                if value is not None and not value.is_integer():
                    yield (field,), f"expected a whole number, got {value:g}"
        if self.minimum is not None and self.maximum is not None:
            yield from self._of_ends(self.minimum, self.maximum)

    def _of_ends(self, least: float, most: float) -> Iterator[Mistake]:
        if least >= most:
            yield ("maximum",), f"expected more than the minimum {least:g}, got {most:g}"
        if self.scaling == "logarithmic" and least <= 0:
            yield ("scaling",), f"logarithmic needs a minimum over 0, got {least:g}"
        if self.scaling == "reverse_logarithmic" and not (
            self.type == "continuous" and least >= 0 and most < 1
        ):
            yield ("scaling",), "reverse_logarithmic needs a continuous range from 0 to less than 1"

    @property
    def ends(self) -> tuple[str, str] | None:
        """The least and the most as SageMaker takes them; None where there are words to choose from.

        Those of a continuous range have a point or an exponent: that is how a wider range of the same kind is made.
        """
        if self.minimum is None or self.maximum is None:
            return None
        whole = self.type == "integer"
        least, most = (str(int(end) if whole else end) for end in (self.minimum, self.maximum))
        return least, most

    @property
    def choices(self) -> tuple[str, ...]:
        """The words of a categorical range as SageMaker takes them."""
        return tuple(text(value) for value in self.values)


class Objective(Frozen):
    """What makes a trial the best."""

    metric: str  # one of training.metrics
    goal: Literal["maximize", "minimize"]  # which way it is better


class Sweep(Frozen):
    """A search for better hyperparameters: many trainings, of which the best goes on to the gate."""

    objective: Objective  # what makes a trial the best
    ranges: Annotated[
        dict[str, Range], Field(min_length=1, max_length=RANGES_MOST)
    ]  # by hyperparameter
    strategy: Literal["bayesian", "random", "grid"] = "bayesian"  # how the next trial is chosen
    trials: Trials = 20  # in all; a grid has as many as it has
    parallel_trials: Parallel = 2  # at once: the fewer, the more is known before the next is chosen
    early_stopping: bool = False  # trials that fall behind are stopped, if the log tells their way

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        _refuse(list(self._of_grid() if self.strategy == "grid" else self._of_draws()))
        return self

    def _of_draws(self) -> Iterator[Mistake]:
        if self.parallel_trials > self.trials:
            yield (
                ("parallel_trials",),
                f"expected at most the {self.trials} trials there are, got {self.parallel_trials}",
            )

    def _of_grid(self) -> Iterator[Mistake]:
        for name, range_ in self.ranges.items():
            if range_.type != "categorical":
                yield ("ranges", name, "type"), f"a grid takes categorical only, got {range_.type}"
        size = math.prod(len(range_.values) for range_ in self.ranges.values())
        if size > TRIALS_MOST:
            yield ("ranges",), f"the grid has {size} trials, at most {TRIALS_MOST} are allowed"
        if "trials" in self.model_fields_set:
            yield ("trials",), "a grid tries every combination: leave trials out"
        if self.early_stopping:
            yield ("early_stopping",), "a grid tries every combination to its end"
        if 0 < size < self.parallel_trials:
            yield (
                ("parallel_trials",),
                f"expected at most the {size} trials of the grid, got {self.parallel_trials}",
            )

    @property
    def numeric(self) -> Mapping[str, Range]:
        """The ranges that have ends, by hyperparameter."""
        return {name: each for name, each in self.ranges.items() if each.ends is not None}


def _refuse(mistakes: list[Mistake]) -> None:
    if mistakes:
        context = {"message": mistakes[0][1], "mistakes": mistakes}
        raise PydanticCustomError("mistaken", "{message}", context)
