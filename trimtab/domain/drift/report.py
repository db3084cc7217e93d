"""What is told of a window: each judgement with its numbers, so that anyone can redo it."""

from collections.abc import Mapping
from typing import Literal

from pydantic import NonNegativeInt

from trimtab.domain.base import Frozen
from trimtab.domain.drift.policy import DriftPolicy, Rule

State = Literal["ok", "drift", "insufficient_data", "error"]
Aspect = Literal["distribution", "missing", "new_levels", "out_of_range", "constant", "row_count"]
"""What is looked at in a column: each is judged by itself, and `row_count` of the window as a whole."""

Cause = Literal["data", "prediction", "feed"]
"""What an incident is about: the features, the predictions, or that rows come at all."""

WORST_FIRST: Mapping[State, int] = {"drift": 0, "error": 1, "insufficient_data": 2, "ok": 3}


class Bin(Frozen):
    """One bin or level, with the rows of both."""

    name: str
    reference: NonNegativeInt
    window: NonNegativeInt


class Sizes(Frozen):
    """How far apart, in every measure that fits; see `trimtab/domain/drift/measures`."""

    psi: float
    psi_corrected: float
    js: float
    js_corrected: float
    linf: float
    ks: float | None = None
    w1: float | None = None  # in the baseline's standard deviations
    chi_square: float | None = None  # where its rules hold
    chi_square_p: float | None = None

    def effect(self, measure: str) -> float:
        """Return the size in this measure, less what chance gives where that is known."""
        match measure:
            case "js":
                return self.js_corrected
            case "psi":
                return self.psi_corrected
            case "ks":
                return self.ks or 0.0
            case _:
                return self.linf


class Judgement(Frozen):
    """What was found of one aspect of one column."""

    column: str
    slice: str | None = None  # None: all rows
    aspect: Aspect
    cause: Cause
    state: State
    sentence: str
    measure: str = ""  # what `effect` is: js, psi, ks, linf, or the aspect's share
    effect: float | None = None  # less what chance gives
    floor: float | None = None
    p: float | None = None  # the chance of the distance where nothing changed
    p_adjusted: float | None = None  # for all judgements of the window
    draws: NonNegativeInt = 0  # resampled windows that p was read from
    rows: NonNegativeInt = 0  # of the window, with a value
    effective_rows: float = 0.0  # as many independent rows vary as much
    needed_rows: NonNegativeInt = 0
    reference_rows: NonNegativeInt = 0
    fired: bool = False  # surprise and size, in this window
    is_large: bool = False  # so large that no second window is waited for
    fired_windows: NonNegativeInt = 0  # of the last `of`, this one included
    sizes: Sizes | None = None
    bins: tuple[Bin, ...] = ()

    @property
    def key(self) -> str:
        """What it is about, the same in each window."""
        return f"{self.slice or ''}|{self.column}|{self.aspect}"

    @property
    def weight(self) -> float:
        """How far, in floors."""
        return 0.0 if self.effect is None or not self.floor else self.effect / self.floor


class Mark(Frozen):
    """What the next windows need to know of a judgement."""

    conclusive: bool
    fired: bool
    weight: float  # effect in floors
    quiet: bool = False  # well below the floor, or no surprise
    drifting: bool


class Trace(Frozen):
    """What the next windows need to know of this one: a few bytes for each judgement."""

    marks: dict[str, Mark]  # by the judgement's key


class DriftReport(Frozen):
    """What was found of a window."""

    state: State
    sentence: str
    rows: NonNegativeInt
    reference_rows: NonNegativeInt
    policy: DriftPolicy
    rule: Rule
    judgements: tuple[Judgement, ...]  # the worst first
    history: tuple[Trace, ...] = ()  # of the windows before that were looked at
    trace: Trace  # to be kept for the next windows

    @property
    def wants_more_rows(self) -> bool:
        """Whether most of it had too few rows: the next window should then be added to this one."""
        unsure = sum(one.state == "insufficient_data" for one in self.judgements)
        return 2 * unsure > len(self.judgements)

    def drifted(self, cause: Cause | None = None) -> tuple[Judgement, ...]:
        """Return what drifted, the furthest first."""
        return tuple(
            one for one in self.judgements if one.state == "drift" and cause in (None, one.cause)
        )
