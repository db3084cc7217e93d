"""How far a rollout has come by steps, and what its looks at the requests have shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field, NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.guardrails import Count, Evidence
from trimtab.domain.steps import BY_THE_HOUR, Decision, Hold, RollBack, Standing, Steps, weigh_step

MINUTE = timedelta(minutes=1)  # of requests that one look judges
SETTLED = timedelta(minutes=2)  # after its end, until all that was measured in a minute can be read


class Reading(Frozen):
    """What a guardrail has seen since the first step."""

    champion_requests: NonNegativeInt
    champion_bad: NonNegativeInt
    challenger_requests: NonNegativeInt
    challenger_bad: NonNegativeInt
    evidence: float  # how many times likelier the counts are if the challenger is worse
    limit: float  # the traffic returns when the evidence reaches it


class Progress(Frozen):
    """Where a rollout stands among its steps, by the policy that it began under."""

    champion: PositiveInt  # whom the challenger is compared with
    steps: Steps
    step: NonNegativeInt = 0  # place in the weights
    began_at: datetime
    step_began_at: datetime
    judged_until: datetime  # a full minute; what was asked later is not judged yet
    requests: NonNegativeInt = 0  # that the challenger answered at this step
    slow_ms: PositiveInt  # an answer that takes longer is slow, of both versions
    paused_at: datetime | None = None
    told_step: int = -1  # the last that everybody was told of
    readings: dict[str, Reading] = Field(default_factory=dict)  # of each guardrail

    @property
    def weight(self) -> int:
        """The challenger's share of the requests, in per cent."""
        return self.steps.weights[self.step]

    @property
    def minutes(self) -> float:
        """How much of the step is judged; time in which the rollout was paused does not count."""
        until = min(self.judged_until, self.paused_at or self.judged_until)
        return max((until - self.step_began_at) / MINUTE, 0.0)

    @property
    def is_last(self) -> bool:
        """Whether all requests are what comes next."""
        return self.step == len(self.steps.weights) - 1

    def advanced(self, at: datetime) -> "Progress":
        """Return the progress at its next step."""
        return self.model_copy(update={"step": self.step + 1, "step_began_at": at, "requests": 0})

    def paused(self, at: datetime) -> "Progress":
        """Return the progress at a standstill."""
        return self.model_copy(update={"paused_at": at})

    def resumed(self, at: datetime) -> "Progress":
        """Return the progress going on: the step has as much time left as when it was paused."""
        stood = at - (self.paused_at or at)
        return self.model_copy(
            update={"paused_at": None, "step_began_at": self.step_began_at + stood}
        )


@dataclass(frozen=True)
class Look:
    """What both versions answered in one minute."""

    at: datetime  # its begin
    champion: Mapping[str, Count]  # of each guardrail
    challenger: Mapping[str, Count]
    requests: int  # that the challenger was asked


def first_progress(champion: int, steps: Steps, slow_ms: int, at: datetime) -> Progress:
    """Return how a rollout begins to step."""
    return Progress(
        champion=champion,
        steps=steps,
        began_at=at,
        step_began_at=at,
        judged_until=full_minute(at),
        slow_ms=slow_ms,
    )


def full_minute(at: datetime) -> datetime:
    """Return the begin of the minute."""
    return at.replace(second=0, microsecond=0)


def judge(
    progress: Progress,
    evidence: Mapping[str, Evidence],
    looks: Sequence[Look],
    until: datetime,
) -> tuple[Progress, dict[str, Evidence]]:
    """Return progress and evidence with the minutes up to `until` taken in; each minute counts once.

    What is counted by the hour is in `evidence` as far as it is known; no minute adds to it.
    """
    found = {name: evidence.get(name, Evidence()) for name in progress.steps.judged}
    requests = progress.requests
    for look in looks:
        if not progress.judged_until <= look.at < until:
            continue
        if look.at >= progress.step_began_at:  # earlier ones were asked at the weight before
            requests += look.requests
        found |= {
            name: one.after(look.champion.get(name, Count()), look.challenger.get(name, Count()))
            for name, one in found.items()
            if name not in BY_THE_HOUR
        }
    readings = {name: _reading(one, progress.steps.limit) for name, one in found.items()}
    seen = {"judged_until": until, "requests": requests, "readings": readings}
    return progress.model_copy(update=seen), found


def weigh_progress(progress: Progress, evidence: Mapping[str, Evidence]) -> Decision:
    """Say what the rollout has earned; while it is paused, only a breach counts."""
    standing = Standing(progress.step, progress.minutes, progress.requests, evidence)
    decision = weigh_step(progress.steps, standing)
    if progress.paused_at is not None and not isinstance(decision, RollBack):
        return Hold(f"paused since {progress.paused_at.isoformat(timespec='minutes')}")
    return decision


def _reading(evidence: Evidence, limit: float) -> Reading:
    return Reading(
        champion_requests=evidence.champion.requests,
        champion_bad=evidence.champion.bad,
        challenger_requests=evidence.challenger.requests,
        challenger_bad=evidence.challenger.bad,
        evidence=evidence.against,
        limit=limit,
    )
