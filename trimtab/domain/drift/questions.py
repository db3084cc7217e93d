"""What is asked of a window: for each column, whether its values, gaps, new levels, range changed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np

from trimtab.domain.drift.baseline import Baseline, BaselineColumn, LiveWindow
from trimtab.domain.drift.chance import Chance, Pair, Shares, Statistic, chance
from trimtab.domain.drift.dependence import Dependence, effective
from trimtab.domain.drift.measures.jensen_shannon import jensen_shannon
from trimtab.domain.drift.measures.kolmogorov_smirnov import kolmogorov_smirnov
from trimtab.domain.drift.measures.largest_change import largest_change
from trimtab.domain.drift.measures.psi import psi
from trimtab.domain.drift.policy import DriftPolicy
from trimtab.domain.drift.report import Aspect, Bin, Cause, Sizes
from trimtab.domain.drift.sizing import rows_for, sizes_of
from trimtab.domain.profile import ColumnProfile

MEASURES = {"psi": psi, "js": jensen_shannon, "ks": kolmogorov_smirnov, "linf": largest_change}


@dataclass
class Question:
    """One aspect of one column, counted and measured, before it is judged beside all others."""

    column: str
    aspect: Aspect
    cause: Cause
    slice: str | None = None
    trouble: str | None = None  # why nothing can be said
    measure: str = ""
    effect: float = 0.0
    floor: float = 0.0
    chance: Chance = field(default_factory=lambda: Chance(1.0, 0, 0))
    rows: int = 0
    effective_rows: float = 0.0
    enough_rows: float = 0.0  # that are held against the needed
    needed_rows: int = 0
    has_memory: bool = False  # a window is like the one before: a second one proves little
    reference_rows: int = 0
    sizes: Sizes | None = None
    bins: tuple[Bin, ...] = ()
    words: str = ""  # what changed, in numbers


@dataclass(frozen=True)
class Asking:
    """What all questions about one window have in common."""

    baseline: Baseline
    window: LiveWindow
    policy: DriftPolicy
    predictions: Collection[str] = ()
    important: Collection[str] = ()
    slice: str | None = None

    def floor(self, measure: str, column: str) -> float:
        """Return the floor for a column: lower for predictions and for the features that weigh most."""
        is_important = column in self.important or column in self.predictions
        return self.policy.floor(measure, is_important=is_important)

    def of(self, column: str, aspect: Aspect) -> Question:
        """Begin a question."""
        cause: Cause = "prediction" if column in self.predictions else "data"
        return Question(column, aspect, cause, self.slice)

    def pair(self, reference: list[int], window: list[int], blocks: list[list[int]]) -> Pair:
        """Return counts with how their rows hang together."""
        both = np.array([reference, window], dtype=np.int64)
        there = both.sum(axis=0) > 0  # an empty bin of both says nothing
        both = both[:, there]
        if not blocks:
            return Pair(both[0], both[1])
        dependence = Dependence(
            np.array(blocks, dtype=np.int64)[:, there],
            self.baseline.block,
            self.baseline.rows_per_entity,
        )
        excess, of_halves = (
            each.excess(
                int(both[1].sum()),
                blocks=self.window.blocks,
                rows_per_entity=self.window.rows_per_entity,
            )
            for each in (dependence, dependence.of_halves)
        )
        return Pair(both[0], both[1], dependence, excess, of_halves)


def questions(asking: Asking) -> Iterator[Question]:
    """Ask everything of every column of the baseline."""
    for name, column in asking.baseline.columns.items():
        there = asking.window.profile.columns.get(name)
        if there is None or there.type is not column.type:
            question = asking.of(name, "distribution")
            found = "is not there" if there is None else f"is of type {there.type.value}"
            question.trouble = f"the column {found}; the baseline has type {column.type.value}"
            yield question
            continue
        yield _missing(asking, name, column, there)
        if column.kind != "concealed":
            yield from _values(asking, name, column, there)


def _values(
    asking: Asking, name: str, column: BaselineColumn, there: ColumnProfile
) -> Iterator[Question]:
    counts = column.count(there)
    question = asking.of(name, "distribution")
    if counts is None:
        question.trouble = "the window was not counted as the baseline was, so they do not compare"
        yield question
        return
    _compare(asking, question, column, counts)
    yield question
    if column.kind == "number" and column.edges:
        yield _out_of_range(asking, name, column, counts)
    if (new := column.new_levels(there)) is not None:
        yield _new_levels(asking, name, column, sum(counts), new)
    if there.distinct_values == 1:
        yield from _constant(asking, name, column, counts, question)


def _compare(
    asking: Asking, question: Question, column: BaselineColumn, counts: tuple[int, ...]
) -> None:
    question.measure = "linf" if column.has_many_levels else asking.policy.measure
    if question.measure == "ks" and column.kind != "number":
        question.measure = "js"
    question.floor = asking.floor(question.measure, question.column)
    question.bins = tuple(
        Bin(name=name, reference=mine, window=theirs)
        for name, mine, theirs in zip(column.names, column.counts, counts, strict=True)
    )
    pair = asking.pair(list(column.counts), list(counts), list(map(list, column.block_counts)))
    _weigh(question, pair)
    question.needed_rows = rows_for(
        asking.policy, question.measure, question.floor, bins=len(pair.reference)
    )
    if not question.rows or not question.reference_rows:
        return
    question.sizes = sizes_of(column, counts, pair)
    question.effect = question.sizes.effect(question.measure)
    question.chance = chance(pair, _quadratic(question.measure), name=question.column)
    question.words = _most_moved(question.bins)


def _weigh(question: Question, pair: Pair) -> None:
    question.rows = int(pair.window.sum())
    question.reference_rows = int(pair.reference.sum())
    question.effective_rows = effective(question.rows, max(pair.excess, pair.excess_of_halves))
    question.has_memory = pair.dependence is not None and pair.dependence.has_memory
    # Days that differ make no window too small: more rows of the same day would tell no more. Surprise allows for them.
    by_time = pair.dependence is not None and pair.dependence.block == "time"
    question.enough_rows = question.rows if by_time else question.effective_rows


def _quadratic(measure: str) -> Statistic:
    if measure == "psi":
        return psi
    distance = MEASURES[measure]

    def squared(reference: Shares, window: Shares) -> Shares:
        return distance(reference, window) ** 2

    return squared


def _share(
    asking: Asking,
    question: Question,
    reference: list[int],
    window: list[int],
    blocks: list[list[int]],
) -> Question:
    """Compare the share of the first of two bins."""
    question.measure = question.aspect
    question.floor = asking.floor(question.aspect, question.column)
    question.bins = tuple(
        Bin(name=name, reference=mine, window=theirs)
        for name, mine, theirs in zip(
            (question.aspect.replace("_", " "), "the others"), reference, window, strict=True
        )
    )
    pair = asking.pair(reference, window, blocks)
    _weigh(question, pair)
    question.needed_rows = asking.policy.minimum_rows
    if not question.rows or not question.reference_rows:
        return question
    mine, theirs = reference[0] / sum(reference), window[0] / sum(window)
    question.effect = abs(theirs - mine)
    question.words = f"{mine:.2%} → {theirs:.2%}"
    if len(pair.reference) > 1:
        question.chance = chance(
            pair, _quadratic("linf"), name=f"{question.column}:{question.aspect}"
        )
    return question


def _missing(asking: Asking, name: str, column: BaselineColumn, there: ColumnProfile) -> Question:
    blocks = [
        [missing, rows - missing]
        for missing, rows in zip(column.block_missing, column.block_rows, strict=True)
    ]
    reference = [column.missing, column.rows - column.missing]
    window = [there.missing, there.count - there.missing]
    return _share(asking, asking.of(name, "missing"), reference, window, blocks)


def _out_of_range(
    asking: Asking, name: str, column: BaselineColumn, counts: tuple[int, ...]
) -> Question:
    # The baseline has none outside its own range; of as many rows again, two would set a new end.
    rows = sum(column.counts)
    outside = counts[0] + counts[-1]
    ends = min(2, rows)
    question = asking.of(name, "out_of_range")
    return _share(asking, question, [ends, rows - ends], [outside, sum(counts) - outside], [])


def _new_levels(asking: Asking, name: str, column: BaselineColumn, rows: int, new: int) -> Question:
    # As many rows again would bring as many new levels as there are levels with one row (Good and Turing).
    total = sum(column.counts)
    question = asking.of(name, "new_levels")
    return _share(
        asking, question, [column.seen_once, total - column.seen_once], [new, rows - new], []
    )


def _constant(
    asking: Asking,
    name: str,
    column: BaselineColumn,
    counts: tuple[int, ...],
    distribution: Question,
) -> Iterator[Question]:
    """Ask why there is one value only, where the baseline has others."""
    place = int(np.argmax(counts))
    rows = sum(column.counts)
    share = column.counts[place] / rows if rows else 1.0
    if share >= 1:
        return
    question = asking.of(name, "constant")
    question.measure, question.floor = "constant", asking.floor("constant", name)
    question.rows, question.reference_rows = distribution.rows, distribution.reference_rows
    question.effective_rows = distribution.effective_rows
    question.enough_rows = distribution.enough_rows
    question.needed_rows = asking.policy.minimum_rows
    question.effect = 1 - share
    question.chance = Chance(
        ((column.counts[place] + 0.5) / (rows + 1)) ** question.effective_rows, 0, 0
    )
    question.bins = distribution.bins
    question.words = f"one value in all rows, that {share:.2%} of the baseline's rows have at most"
    yield question


def _most_moved(bins: tuple[Bin, ...]) -> str:
    mine, theirs = sum(each.reference for each in bins), sum(each.window for each in bins)
    most = max(bins, key=lambda each: abs(each.window / theirs - each.reference / mine))
    return f"{most.name}: {most.reference / mine:.1%} → {most.window / theirs:.1%}"
