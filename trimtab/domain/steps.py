"""What a step of a rollout has earned: hold, advance, roll back, or no answer until its deadline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from trimtab.domain.base import Frozen
from trimtab.domain.guardrails import Evidence

Weight = Annotated[int, Field(ge=1, le=99)]
Share = Annotated[float, Field(gt=0, lt=1)]
BY_THE_HOUR = {"unusual": "predictions", "loss": "labelled predictions"}
"""Guardrails with a clock of their own, and what each counts: they may stop any step, and hold the last."""

Times = Annotated[float, Field(gt=1)]


class Guardrail(Frozen):
    """How much worse a challenger may be in one thing that is counted; it is promoted once one of the two is shown."""

    margin: Times = 2.0  # it is bad less than so many times as often as the champion
    tolerable: Share = 0.001  # or in less than this share of its requests


class Guardrails(Frozen):
    """What is counted of champion and challenger."""

    failed: Guardrail | None = Guardrail.model_construct()  # requests without a usable answer
    slow: Guardrail | None = None  # over the p95 of the champion; a serverless newcomer often is
    unusual: Guardrail | None = None  # outside of what 90 % of the champion's predictions were
    loss: Guardrail | None = None  # by labels: lost more than 90 % of the champion did


class Steps(Frozen):
    """How a challenger's weight grows, and what it must show; the first version of a model takes no steps."""

    weights: tuple[Weight, ...] = (5, 10, 25, 50)  # per cent of the requests; none: all at once
    bake_minutes: PositiveInt = 30  # least time at each weight
    deadline_minutes: PositiveInt = 240  # most time at each weight; then the traffic returns
    minimum_requests: PositiveInt = 300  # of the challenger at each weight; fewer say nothing
    alpha: Share = 0.05  # most chance to stop a challenger that is no worse
    guardrails: Guardrails = Guardrails.model_construct()  # what is counted of both versions

    @model_validator(mode="after")
    def _grow(self) -> Self:
        if list(self.weights) != sorted(set(self.weights)):
            raise ValueError(f"the weights {list(self.weights)} do not grow from step to step")
        if self.deadline_minutes <= self.bake_minutes:
            raise ValueError(
                f"deadline_minutes {self.deadline_minutes} leaves no time after bake_minutes {self.bake_minutes}"
            )
        return self

    @property
    def judged(self) -> dict[str, Guardrail]:
        """The guardrails by their names."""
        return {name: guardrail for name, guardrail in self.guardrails if guardrail is not None}

    @property
    def deadline(self) -> timedelta:
        """Most time at each weight."""
        return timedelta(minutes=self.deadline_minutes)

    @property
    def waits_for_labels(self) -> bool:
        """Whether a challenger is judged by what became true of its predictions too."""
        return self.guardrails.loss is not None

    @property
    def is_counted_by_the_hour(self) -> bool:
        """Whether a challenger is judged by anything that is not counted with its requests."""
        return not BY_THE_HOUR.keys().isdisjoint(self.judged)

    def by_the_minute(self) -> "Steps":
        """Return the policy as far as it is counted with requests."""
        guardrails = self.guardrails.model_copy(update=dict.fromkeys(BY_THE_HOUR))
        return self.model_copy(update={"guardrails": guardrails})

    @property
    def limit(self) -> float:
        """The e-value at which a guardrail stops the rollout: alpha is shared out among them."""
        return max(len(self.judged), 1) / self.alpha


@dataclass(frozen=True)
class Standing:
    """How far a rollout is."""

    step: int  # place in the steps' weights
    minutes: float  # since the step began
    requests: int  # that the challenger answered since then
    evidence: Mapping[str, Evidence]  # of each guardrail, since the rollout began


@dataclass(frozen=True)
class Hold:
    """Keep the weight, and look again."""

    reason: str


@dataclass(frozen=True)
class Advance:
    """Go to the next weight, after the last to all traffic."""

    reason: str


@dataclass(frozen=True)
class RollBack:
    """Return the traffic: the challenger is worse."""

    reason: str


@dataclass(frozen=True)
class GiveUp:
    """Return the traffic: it could not be told in time whether the challenger is worse."""

    reason: str


Decision = Hold | Advance | RollBack | GiveUp


def weigh_step(steps: Steps, standing: Standing) -> Decision:
    """Say what the step has earned. A breach wins over everything; what is missing never passes."""
    if breach := _breach(steps, standing):
        return RollBack(breach)
    lacking = _lacking(steps, standing)
    if lacking is None:
        return Advance(
            f"{standing.minutes:.0f} minutes and {standing.requests:,} requests at"
            f" {steps.weights[standing.step]} % with no guardrail breached"
        )
    if standing.minutes >= steps.deadline_minutes:
        return GiveUp(f"{lacking}, after {standing.minutes:.0f} minutes")
    return Hold(lacking)


def _breach(steps: Steps, standing: Standing) -> str | None:
    for name in steps.judged:
        evidence = standing.evidence.get(name, Evidence())
        if evidence.against >= steps.limit:
            what = BY_THE_HOUR.get(name, "requests")
            return (
                f"{name}: {evidence.challenger} {what} of the challenger, {evidence.champion} of the champion;"
                f" evidence {evidence.against:,.0f} to 1, limit {steps.limit:,.0f} to 1"
            )
    return None


def _lacking(steps: Steps, standing: Standing) -> str | None:
    """What the step has not earned yet, or None."""
    if standing.minutes < steps.bake_minutes:
        return f"{standing.minutes:.0f} of {steps.bake_minutes} minutes"
    if standing.requests < steps.minimum_requests:
        return f"{standing.requests:,} of {steps.minimum_requests:,} requests"
    is_last = standing.step == len(steps.weights) - 1
    for name in steps.judged:
        if name in BY_THE_HOUR and not is_last:
            continue
        seen = standing.evidence.get(name, Evidence()).challenger.requests
        if seen < steps.minimum_requests:
            what = BY_THE_HOUR.get(name, "requests")
            return f"{name}: {seen:,} of {steps.minimum_requests:,} {what} judged"
    return _unproven(steps, standing) if is_last else None


def _unproven(steps: Steps, standing: Standing) -> str | None:
    """Which guardrail a promotion still lacks the proof of, or None."""
    for name, guardrail in steps.judged.items():
        evidence = standing.evidence[name]
        highest = evidence.highest_ratio(steps.alpha)
        if highest > guardrail.margin and not evidence.is_below(guardrail.tolerable, steps.alpha):
            return (
                f"{name}: may be {highest:.3g} times the champion's, margin {guardrail.margin:g}"
                f" ({evidence.challenger} against {evidence.champion})"
            )
    return None
