"""Carries a rollback out: decide on what is known, commit it in one transaction, tell."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from functions.roll_back.refusals import ACTOR, Cause, Refusals
from functions.roll_back.remaking import Remaking
from functions.roll_back.schema import ChampionAlarm
from functions.roll_back.why import Came, Why
from trimtab import names
from trimtab.aws.endpoints import DELETING, MISSING, Endpoints
from trimtab.aws.rollbacks import Rollbacks, Scene
from trimtab.aws.rollouts import transition
from trimtab.aws.steps import Steps
from trimtab.aws.table import Stale
from trimtab.aws.versions import of_record
from trimtab.domain.aliases import AliasMove
from trimtab.domain.audit import AuditEntry
from trimtab.domain.events import RolloutRolledBack
from trimtab.domain.golden import Shown
from trimtab.domain.rollbacks import (
    AlreadyBack,
    AlreadyWithdrawn,
    Position,
    Refuse,
    Remake,
    RollBack,
    WaitingRollback,
    Weighed,
    Withdraw,
    weigh_alarm,
    weigh_rollback,
)
from trimtab.domain.rollouts import EndpointState, Phase, Rollout
from trimtab.errors import Conflict, Contended, Fault
from trimtab.observability import logger
from trimtab.release.announcing import Announcing
from trimtab.release.proving import Proving
from trimtab.runtime import Runtime

RETIRING = timedelta(
    minutes=1
)  # after it was written, until retire_endpoints has deleted or given up
ATTEMPTS = 5  # each lost attempt means that route or aliases moved meanwhile
TOLD = 500  # characters of a reason, as of a person's

Weigh = Callable[[Position], Weighed]


class Retreat:
    """Returns a model's traffic: from a challenger to the champion, or from the champion to the version before."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stage = runtime.settings.stage
        self._rollbacks = Rollbacks(runtime.table, self._stage)
        self._endpoints = Endpoints(runtime.sagemaker)
        self._announcing = Announcing(runtime)

    def roll_back(self, model: str, *, actor: str, reason: str, expected: int | None) -> Came:
        """Return which version answers now, which was left, and whether this request did it.

        Raises Conflict if there is nothing the traffic could return to.
        """
        weigh = partial(weigh_rollback, expected=expected)
        came = self._retreat(model, weigh, Why(actor, reason), expected=expected)
        if isinstance(came, Refuse):
            raise Conflict(came.sentence, hint=came.hint)
        return came

    def follow(self, alarm: ChampionAlarm) -> str:
        """Do what an alarm about a champion leads to, and say what that was."""
        model, raised_at = alarm.model, alarm.state.timestamp
        why = Why(ACTOR, f"alarm {alarm.alarm_name}: {alarm.state.reason}"[:TOLD], alarm.alarm_name)
        came = self._retreat(model, partial(weigh_alarm, raised_at=raised_at), why)
        if isinstance(came, Refuse):
            cause = Cause(alarm.alarm_name, alarm.state.timestamp, alarm.state.reason)
            return Refusals(self._runtime).tell(model, cause, came)
        if came.waits:
            return f"version {came.version} answers once its endpoint is made again"
        return f"version {came.version} answers {'again' if came.changed else 'already'}"

    def go_on(self, model: str, waiting: WaitingRollback) -> Came | Refuse:
        """Make a rollback that waited for an endpoint."""
        weigh = partial(weigh_rollback, expected=waiting.from_version)
        why = Why(waiting.actor, waiting.reason, waiting.alarm)
        return self._retreat(model, weigh, why, expected=waiting.from_version)

    def _retreat(
        self, model: str, weigh: Weigh, why: Why, *, expected: int | None = None
    ) -> Came | Refuse:
        for _ in range(ATTEMPTS):
            scene = self._rollbacks.believe(model)
            decision = weigh(self._position(scene, expected))
            try:
                return self._carry_out(scene, decision, why)
            except Stale as lost:
                logger.info("the state moved before the rollback", model=model, lost=lost.lost)
        raise Conflict(
            f"the route of {model} was changed {ATTEMPTS} times while it was to be rolled back",
            hint="read the model again, then repeat",
        )

    def _carry_out(self, scene: Scene, decision: Weighed, why: Why) -> Came | Refuse:
        model = scene.belief.model
        match decision:
            case Refuse():
                return decision
            case AlreadyBack():
                self._announcing.rolled_back(model, decision.move)
                return _moved(decision.move, changed=False)
            case AlreadyWithdrawn():
                return self._told_withdrawal(model, decision.rollout, changed=False)
            case Withdraw():
                return self._withdraw(scene, decision.rollout, why)
            case Remake():
                waiting = Remaking(self._runtime).begin(scene, decision, why)
                return waiting if isinstance(waiting, Refuse) else _waits(waiting)
            case RollBack():
                return self._return(scene, decision, why)

    def _return(self, scene: Scene, decision: RollBack, why: Why) -> Came | Refuse:
        """Return the champion's traffic to the version before, if that answers as it should."""
        model = scene.belief.model
        shown = self._shown(scene, decision)
        if shown.problem:
            return Refuse(
                f"version {decision.version} may not get the requests: {shown.sentence}",
                "look into its endpoint, or approve another version; the traffic has not moved",
            )
        move = self._move(decision, why)
        self._rollbacks.commit(scene, move, self._entry(model, decision, move, shown))
        logger.info("rolled back", model=model, version=move.version, before=move.before)
        self._announcing.rolled_back(model, move)
        return _moved(move, changed=True)

    def _shown(self, scene: Scene, decision: RollBack) -> Shown:
        """Ask the version that is to answer what it answered in its evaluation."""
        model, target = scene.belief.model, of_record(scene.target)
        if target is None:
            raise Fault(f"version {decision.version} of {model} is to serve and not recorded")
        endpoint = names.endpoint_name(self._stage, model, decision.version)
        return Proving(self._runtime).show(model, target, endpoint)

    def _withdraw(self, scene: Scene, rollout: Rollout, why: Why) -> Came:
        beside, now = scene.challenger, self._runtime.clock.now()
        if beside is None:
            raise Fault(f"the rollout of version {rollout.version} was not read")
        ended = rollout.ended(Phase.failed, reason=why.reason, at=now, by=why.actor)
        entry = transition(
            beside.belief,
            ended,
            id=self._runtime.new_id(),
            at=now,
            actor=why.actor,
            action=RolloutRolledBack.__name__,
        )
        Steps(self._runtime.table).withdraw(beside, ended, entry, block=True)
        logger.info("challenger withdrawn", model=beside.belief.model, version=rollout.version)
        return self._told_withdrawal(beside.belief.model, ended, changed=True)

    def _told_withdrawal(self, model: str, rollout: Rollout, *, changed: bool) -> Came:
        """Tell it, and have the rollout looked at no more."""
        self._announcing.withdrawn(model, rollout)
        Steps(self._runtime.table).leave_alone(model, rollout.version)
        return _withdrawn(rollout, changed=changed)

    def _position(self, scene: Scene, expected: int | None) -> Position:
        model, target = scene.belief.model, scene.belief.previous.version
        elsewhere = expected is not None and expected != scene.belief.champion.version
        return Position(
            model=model,
            champion=scene.belief.champion.move,
            target=target,
            target_status=scene.target_status,
            target_endpoint=self._target_endpoint(scene, target) if target else None,
            expected_status=self._rollbacks.status(model, expected)
            if elsewhere and expected
            else None,
            challenger=scene.stepping,
            withdrawn=scene.withdrawn,
        )

    def _target_endpoint(self, scene: Scene, target: int) -> EndpointState:
        """Return the state of the endpoint, which is as good as gone once it is retired.

        Raises Contended while it is deleted or may be at any moment: then nobody can count on it, and it cannot be
        made again before it is gone.
        """
        endpoint = self._endpoints.state(
            names.endpoint_name(self._stage, scene.belief.model, target)
        )
        if endpoint.status == MISSING:
            return endpoint
        retired_at, now = scene.target_retired_at, self._runtime.clock.now()
        retires = retired_at is not None and now - retired_at < RETIRING
        if retires or endpoint.status == DELETING:
            raise Contended(
                f"the endpoint of version {target} is being taken down just now",
                hint="repeat in a minute: it is made again then",
            )
        return replace(endpoint, status=MISSING) if retired_at else endpoint

    def _move(self, decision: RollBack, why: Why) -> AliasMove:
        return AliasMove(
            version=decision.version,
            before=decision.from_version,
            actor=why.actor,
            reason=why.reason,
            at=self._runtime.clock.now(),
        )

    def _entry(self, model: str, decision: RollBack, move: AliasMove, shown: Shown) -> AuditEntry:
        return AuditEntry(
            id=self._runtime.new_id(),
            model=model,
            at=move.at,
            actor=move.actor,
            action=RolloutRolledBack.__name__,
            subject="alias champion",
            before={"champion": decision.from_version},
            after={
                "champion": decision.version,
                "blocked": decision.from_version,
                "verified": shown.sentence,
            },
            reason=move.reason,
        )


def _moved(move: AliasMove, *, changed: bool) -> Came:
    return Came(move.version or 0, move.before or 0, move.at, changed)


def _withdrawn(rollout: Rollout, *, changed: bool) -> Came:
    if rollout.progress is None or rollout.ended_at is None:
        raise Fault(f"the rollout of version {rollout.version} had no requests to lose")
    return Came(rollout.progress.champion, rollout.version, rollout.ended_at, changed)


def _waits(waiting: WaitingRollback) -> Came:
    version, left = waiting.ends
    return Came(version, left, waiting.at, changed=False, waits=True)
