"""Whether traffic may return: from a challenger to the champion, or from the champion to the version before it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import PositiveInt

from trimtab.domain.aliases import AliasMove
from trimtab.domain.base import Frozen
from trimtab.domain.rollouts import APPROVED, EndpointState, Rollout

COMING = ("missing", "Creating")  # states of an endpoint that is made again, or is being made
BLOCKED = "blocked"  # the status of a version that a rollback left


@dataclass(frozen=True)
class Position:
    """Where a model's traffic is, and where it could return to."""

    model: str
    champion: AliasMove | None
    target: int | None  # what alias previous points at
    target_status: str | None
    target_endpoint: EndpointState | None
    expected_status: str | None = (
        None  # of the version the caller believes to be champion, if it is not
    )
    challenger: Rollout | None = None  # the rollout that takes steps
    withdrawn: Rollout | None = (
        None  # the last that did, if it lost its requests since the champion came
    )


@dataclass(frozen=True)
class Withdraw:
    """Return the requests of a challenger to the champion."""

    rollout: Rollout


@dataclass(frozen=True)
class AlreadyWithdrawn:
    """Nothing to do: the challenger that this would withdraw has no requests any more."""

    rollout: Rollout


@dataclass(frozen=True)
class RollBack:
    """Send all traffic back to `version`."""

    version: int
    from_version: int


@dataclass(frozen=True)
class Remake:
    """Make the endpoint of `version` again first: it is gone, or about to be there."""

    version: int
    from_version: int


@dataclass(frozen=True)
class AlreadyBack:
    """Nothing to do: the champion is where this rollback would put it."""

    move: AliasMove


@dataclass(frozen=True)
class Refuse:
    """The rollback cannot be made."""

    sentence: str
    hint: str


class WaitingRollback(Frozen):
    """A rollback that goes on once the endpoint of the version it returns to is in service."""

    version: PositiveInt
    from_version: PositiveInt
    actor: str
    reason: str
    alarm: str | None  # its name, if it was one
    at: datetime
    waits: bool = True

    @property
    def ends(self) -> tuple[int, int]:
        """The version that answers afterwards, and the one that is left."""
        return self.version, self.from_version


Weighed = RollBack | Remake | Withdraw | AlreadyBack | AlreadyWithdrawn | Refuse


def weigh_rollback(position: Position, *, expected: int | None) -> Weighed:
    """Say what a request to roll back leads to; `expected` is the version the caller wants to leave, if told.

    It undoes the last release: a challenger loses its requests first, whoever is champion. A repeated request must not
    go back a second time, so without `expected` a champion that is there by a rollback stays, and so does one whose
    challenger was withdrawn.
    """
    challenger, withdrawn = position.challenger, position.withdrawn
    if challenger is not None and expected in (None, challenger.version):
        return Withdraw(challenger)
    if withdrawn is not None and expected in (None, withdrawn.version):
        return AlreadyWithdrawn(withdrawn)
    return _weigh_champion(position, expected)


def weigh_alarm(position: Position, *, raised_at: datetime) -> Weighed:
    """Say what an alarm about a model's requests, raised at this time, leads to.

    While a challenger has some of them, it is withdrawn. Otherwise the alarm leads back from a promotion, and only
    ever one version: an alarm that comes late tells of another champion, and one about a version to which the traffic
    returned would go from a bad version to one that nobody has watched.
    """
    return _weigh_step_alarm(position, raised_at) or _weigh_champion_alarm(position, raised_at)


def _weigh_step_alarm(position: Position, raised_at: datetime) -> Weighed | None:
    """What an alarm leads to that tells of a challenger, or None if it tells of none."""
    challenger, withdrawn = position.challenger, position.withdrawn
    began_at = challenger.progress.began_at if challenger and challenger.progress else None
    if challenger is not None and began_at is not None and raised_at >= began_at:
        return Withdraw(challenger)
    if withdrawn is not None and withdrawn.ended_at is not None and raised_at <= withdrawn.ended_at:
        return AlreadyWithdrawn(withdrawn)
    return None


def _weigh_champion_alarm(position: Position, raised_at: datetime) -> Weighed:
    champion = position.champion
    if champion is None or champion.version is None:
        return _weigh_champion(position, None)
    if champion.is_rollback:
        if raised_at <= champion.at:
            return AlreadyBack(champion)
        return Refuse(
            f"traffic returned to version {champion.version} already; an alarm goes back no further",
            f"look into it; trimtab rollback {position.model} --from {champion.version} goes back further",
        )
    if raised_at < champion.at:
        return Refuse(
            f"it was raised before version {champion.version} became champion, at {champion.at.isoformat()}",
            "nothing is to be done: it tells of the champion before",
        )
    return _weigh_champion(position, None)


def _weigh_champion(position: Position, expected: int | None) -> Weighed:
    champion = position.champion
    if champion is None or champion.version is None:
        return Refuse(
            f"no version of {position.model} answers: there is nothing to roll back",
            "train and approve a version first",
        )
    if expected is not None and expected != champion.version:
        return _elsewhere(champion, expected, position.expected_status)
    if expected is None and champion.is_rollback:
        return AlreadyBack(champion)
    if refusal := _refusal(position, champion.version):
        return refusal
    endpoint = position.target_endpoint
    answers = endpoint is not None and endpoint.answers
    return (RollBack if answers else Remake)(position.target or 0, champion.version)


def promoted_over(history: Iterable[AliasMove], version: int) -> int | None:
    """Return the version that was champion when `version` was promoted: what a further rollback returns to."""
    for move in history:
        if move.version == version and not move.is_rollback:
            return move.before
    return None


def _elsewhere(champion: AliasMove, expected: int, status: str | None) -> AlreadyBack | Refuse:
    if status == BLOCKED and champion.is_rollback:
        return AlreadyBack(champion)
    return Refuse(
        f"the champion is version {champion.version}, not {expected}",
        "read the model again, then decide again",
    )


def _refusal(position: Position, champion: int) -> Refuse | None:
    """Why the target cannot take the traffic, or None."""
    target, endpoint = position.target, position.target_endpoint
    if target is None:
        return Refuse(
            f"version {champion} has no version before it to return to",
            "approve another version: it takes over once its endpoint is in service",
        )
    if position.target_status != APPROVED:
        return Refuse(
            f"the version before, version {target}, is {position.target_status or 'unknown'}: it may not serve",
            "approve another version: it takes over once its endpoint is in service",
        )
    if endpoint is not None and not endpoint.answers and endpoint.status not in COMING:
        told = f" ({endpoint.reason})" if endpoint.reason else ""
        return Refuse(
            f"version {target} cannot answer: its endpoint is {endpoint.status}, not InService{told}",
            "delete the endpoint, or wait until it is gone or InService, then repeat: one that is missing is made"
            " again; the traffic has not moved",
        )
    return None
