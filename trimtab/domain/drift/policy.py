"""When drift is drift: the four things that must come together, and how often a false alarm may come."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from trimtab.domain.base import Frozen

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Rate = Annotated[float, Field(gt=0, lt=1)]
QUARTER_DAYS = 91
SPENT_AT_ONCE = 0.5  # of the budget goes to effects that need no second window, half to the others


class Floors(Frozen):
    """The smallest effect that is worth an alarm, by what is measured."""

    js: Positive = 0.13  # PSI 0.1 for a shifted normal
    psi: Positive = 0.1  # convention (Lewis 1994), of the value less its bias
    ks: Positive = 0.13  # PSI 0.1 for a shifted normal
    linf: Positive = 0.1  # a tenth of all rows have another level
    missing: Positive = 0.05  # change of the share of rows without a value
    new_levels: Positive = 0.02  # share of rows with a level that the baseline has not
    out_of_range: Positive = 0.02  # share of rows outside the baseline's range
    constant: Positive = 0.1  # share of rows of the baseline that had other values
    row_count: Positive = 1.0  # doublings or halvings


class AlarmBudget(Frozen):
    """How many false alarms a model may give, at most, where nothing drifts."""

    false_alarms: Positive = 1.0  # in this time
    days: Positive = float(QUARTER_DAYS)  # a quarter


class Rule(Frozen):
    """What the budget leaves of the policy for windows of one length."""

    q: float  # false discovery rate of one window
    q_at_once: float  # the same for effects that wait for no second window
    fired: PositiveInt  # of the last `of` windows, with the latest
    of: PositiveInt


class DriftPolicy(Frozen):
    """When a feature counts as drifted: enough data, surprise, size, and persistence, all four."""

    measure: Literal["js", "psi", "ks"] = "js"  # of numbers and of few levels
    floors: Floors = Floors.model_construct()  # the smallest effect worth an alarm
    important_share: Share = 0.5  # of the PSI, for those that weigh most
    together: bool = False  # features are compared together too, by what PCA leaves unexplained
    minimum_rows: Annotated[int, Field(ge=1)] = 300  # effective rows; fewer give no verdict
    q: Annotated[float, Field(gt=0, lt=1)] = 0.05  # false discovery rate, before the budget
    fired: PositiveInt = 2  # windows of the last `of` that must show it, the latest among them
    of: PositiveInt = 3  # windows that are looked back upon
    at_once: Annotated[float, Field(ge=1)] = 3.0  # times the floor: no second window is waited for
    exit_share: Annotated[float, Field(gt=0, le=1)] = 0.7  # of the floor: below it drift may end
    budget: AlarmBudget = AlarmBudget.model_construct()  # tightens q where windows are many

    @model_validator(mode="after")
    def _can_fire(self) -> Self:
        if self.fired > self.of:
            raise ValueError(f"{self.fired} of {self.of} windows can never have shown it")
        return self

    def rule(self, window_hours: float | None) -> Rule:
        """Return the rule for windows of this length; None: a comparison that stands alone.

        Where no feature drifts, a window has a discovery with chance q at most. The worst case is that all features
        move together, so that the same one shows it again by chance: q to the power of `fired`, for each choice of
        the earlier windows. This and what needs no second window share the budget.
        """
        if window_hours is None:
            return Rule(q=self.q, q_at_once=self.q, fired=1, of=1)
        windows = max(1.0, self.budget.days * 24 / window_hours)
        allowed = self.budget.false_alarms * SPENT_AT_ONCE / windows
        ways = math.comb(self.of - 1, self.fired - 1)
        lasting = (allowed / ways) ** (1 / self.fired)
        return Rule(
            q=min(self.q, lasting), q_at_once=min(self.q, allowed), fired=self.fired, of=self.of
        )

    def floor(self, name: str, *, is_important: bool) -> float:
        """Return the floor of what is measured."""
        value = float(getattr(self.floors, name))
        if not is_important:
            return value
        # PSI goes with the square of a shift, distances with the shift itself: the same effect in each.
        return value * (self.important_share if name == "psi" else self.important_share**0.5)
