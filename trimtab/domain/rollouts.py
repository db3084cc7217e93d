"""How an approved version gets its traffic: what to do next, decided from what is known."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.progress import Progress
from trimtab.domain.routing import WHOLE
from trimtab.domain.steps import Steps

APPROVED = "approved"  # the only status in which a version may get traffic


class Phase(StrEnum):
    """How far a rollout is, and how it ended."""

    pending = "pending"  # decided, its endpoint is not asked for yet
    running = "running"  # its endpoint is being made, or its share of the requests grows
    successful = "successful"  # the version became champion
    failed = "failed"  # the version got no traffic, or lost it again
    error = "error"  # it could not be told
    inconclusive = "inconclusive"  # too little was seen to tell


OPEN = frozenset({Phase.pending, Phase.running})


class Rollout(Frozen):
    """How one version gets its traffic."""

    version: PositiveInt
    phase: Phase
    endpoint_name: str
    actor: str  # who approved the version
    reason: str  # of the phase, or of the step it is at
    started_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None  # who decided its end, where it had requests
    retired_at: datetime | None = None  # when its endpoint was taken down
    progress: Progress | None = None  # by steps; none before it has requests, or without steps

    @property
    def is_stepping(self) -> bool:
        """Whether it has some of the requests, and may get more."""
        return self.phase in OPEN and self.progress is not None

    @property
    def weight(self) -> int:
        """Its share of the requests, in per cent."""
        if self.phase is Phase.successful:
            return WHOLE
        return self.progress.weight if self.is_stepping and self.progress else 0

    def ended(self, phase: Phase, *, reason: str, at: datetime, by: str | None = None) -> "Rollout":
        """Return this rollout at its end."""
        end = {"phase": phase, "reason": reason, "ended_at": at, "ended_by": by}
        return self.model_copy(update=end)


@dataclass(frozen=True)
class Facts:
    """What a decision about a version's traffic rests on."""

    version: int
    status: str | None  # of the version; None if there is no such version
    champion: int | None
    phase: Phase | None  # of its rollout; None before there is one
    challenger: int | None = None  # the version whose share of the requests grows


@dataclass(frozen=True)
class EndpointState:
    """What SageMaker says of an endpoint."""

    name: str
    status: (
        str  # SageMaker's word, for example Creating, InService, Failed; "missing" if there is none
    )
    reason: str = ""  # SageMaker's reason of a failure

    @property
    def answers(self) -> bool:
        """Whether requests are served now; maintenance by AWS (SystemUpdating) does not interrupt them."""
        return self.status in ("InService", "SystemUpdating")

    @property
    def is_failed(self) -> bool:
        """Whether it will never answer."""
        return self.status == "Failed"


@dataclass(frozen=True)
class Start:
    """Make the version's endpoint."""


@dataclass(frozen=True)
class Promote:
    """Send all traffic to the version."""

    reason: str


@dataclass(frozen=True)
class Begin:
    """Give the version the first of its weights."""

    champion: int  # whom it is compared with
    reason: str


@dataclass(frozen=True)
class Fail:
    """End the rollout; the traffic stays where it is."""

    reason: str


@dataclass(frozen=True)
class Announce:
    """Do nothing again, but tell again what was done: the first telling may have been lost."""


@dataclass(frozen=True)
class Leave:
    """Do nothing."""

    reason: str


Decision = Start | Promote | Begin | Fail | Announce | Leave


def weigh_start(facts: Facts) -> Decision:
    """Say what the approval of a version leads to while it has no rollout yet."""
    if facts.status != APPROVED:
        return Leave(f"version {facts.version} is {facts.status or 'unknown'}, not approved")
    if obstacle := _obstacle(facts):
        return Fail(obstacle)
    return Start()


def weigh_endpoint(facts: Facts, endpoint: EndpointState, steps: Steps) -> Decision:
    """Say what the state of a version's endpoint leads to. A version that may not serve never gets traffic."""
    if facts.phase is None:
        return Leave(f"there is no rollout of version {facts.version}")
    if facts.phase not in OPEN:
        return _after_the_end(facts)
    if obstacle := _obstacle(facts):
        return Fail(obstacle)
    if endpoint.is_failed:
        return Fail(
            f"endpoint {endpoint.name} failed: {endpoint.reason or 'SageMaker gives no reason'}"
        )
    if not endpoint.answers:
        return Leave(f"endpoint {endpoint.name} is {endpoint.status}")
    return _release(
        facts,
        steps,
        f"endpoint {endpoint.name} is in service and version {facts.version} is approved",
    )


def _release(facts: Facts, steps: Steps, why: str) -> Decision:
    """How a version that may serve, and can, gets its traffic."""
    if facts.challenger == facts.version:
        return Leave(f"version {facts.version} takes its steps already")
    if facts.challenger is not None:
        return Leave(f"version {facts.version} waits until version {facts.challenger} has ended")
    if facts.champion is None or not steps.weights:
        return Promote(why)
    return Begin(facts.champion, f"{why}: it begins with {steps.weights[0]} % of the requests")


def _after_the_end(facts: Facts) -> Decision:
    if facts.phase is Phase.successful and facts.champion == facts.version:
        return Announce()
    return Leave(f"the rollout of version {facts.version} has ended: {facts.phase}")


def _obstacle(facts: Facts) -> str | None:
    """Why the version may not take over, or None."""
    if facts.status != APPROVED:
        return f"version {facts.version} is {facts.status or 'unknown'}: it may not serve"
    if facts.champion is not None and facts.champion > facts.version:
        return (
            f"version {facts.version} is older than the champion, version {facts.champion}: "
            "it does not take over"
        )
    return None
