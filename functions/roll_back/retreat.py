"""Carries a rollback out: decide on what is known, commit it in one transaction, tell."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from functions.roll_back.refusals import ACTOR, Refusals
from functions.roll_back.schema import ChampionAlarm
from trimtab import names
from trimtab.aws.aliases import Aliases
from trimtab.aws.champion import ChampionParameter
from trimtab.aws.endpoints import Endpoints
from trimtab.aws.rollbacks import Rollbacks, Scene
from trimtab.aws.table import Stale
from trimtab.domain.aliases import AliasMove
from trimtab.domain.audit import AuditEntry
from trimtab.domain.events import RolloutRolledBack
from trimtab.domain.rollbacks import (
    AlreadyBack,
    Position,
    Refuse,
    RollBack,
    weigh_alarm,
    weigh_rollback,
)
from trimtab.errors import Conflict
from trimtab.observability import logger
from trimtab.runtime import Runtime

ATTEMPTS = 5  # each lost attempt means that route or aliases moved meanwhile
TOLD = 500  # characters of a reason, as of a person's

Weigh = Callable[[Position], RollBack | AlreadyBack | Refuse]


class Why(NamedTuple):
    """Who wants a rollback, and for what reason."""

    actor: str
    reason: str


class Retreat:
    """Returns a model's traffic to the version before the champion."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stage = runtime.settings.stage
        self._rollbacks = Rollbacks(runtime.table, self._stage)
        self._endpoints = Endpoints(runtime.sagemaker)

    def roll_back(
        self, model: str, *, actor: str, reason: str, expected: int | None
    ) -> tuple[AliasMove, bool]:
        """Return the move that made the champion what it is now, and whether this request made it.

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
        why = Why(ACTOR, f"alarm {alarm.alarm_name}: {alarm.state.reason}"[:TOLD])
        came = self._retreat(model, partial(weigh_alarm, raised_at=raised_at), why)
        if isinstance(came, Refuse):
            return Refusals(self._runtime).tell(alarm, came)
        move, changed = came
        return f"version {move.version} answers {'again' if changed else 'already'}"

    def _retreat(
        self, model: str, weigh: Weigh, why: Why, *, expected: int | None = None
    ) -> tuple[AliasMove, bool] | Refuse:
        for _ in range(ATTEMPTS):
            scene = self._rollbacks.believe(model)
            decision = weigh(self._position(scene, expected))
            if isinstance(decision, Refuse):
                return decision
            if isinstance(decision, AlreadyBack):
                self._announce(model, decision.move)
                return decision.move, False
            move = self._move(decision, why)
            try:
                self._rollbacks.commit(scene, move, self._entry(model, decision, move))
            except Stale as lost:
                logger.info("the state moved before the rollback", model=model, lost=lost.lost)
                continue
            logger.info("rolled back", model=model, version=move.version, before=move.before)
            self._announce(model, move)
            return move, True
        raise Conflict(
            f"the route of {model} was changed {ATTEMPTS} times while it was to be rolled back",
            hint="read the model again, then repeat",
        )

    def _position(self, scene: Scene, expected: int | None) -> Position:
        model, target = scene.belief.model, scene.belief.previous.version
        elsewhere = expected is not None and expected != scene.belief.champion.version
        return Position(
            model=model,
            champion=scene.belief.champion.move,
            target=target,
            target_status=scene.target_status,
            target_endpoint=self._endpoints.state(names.endpoint_name(self._stage, model, target))
            if target
            else None,
            expected_status=self._rollbacks.status(model, expected)
            if elsewhere and expected
            else None,
        )

    def _move(self, decision: RollBack, why: Why) -> AliasMove:
        return AliasMove(
            version=decision.version,
            before=decision.from_version,
            actor=why.actor,
            reason=why.reason,
            at=self._runtime.clock.now(),
        )

    def _entry(self, model: str, decision: RollBack, move: AliasMove) -> AuditEntry:
        return AuditEntry(
            id=self._runtime.new_id(),
            model=model,
            at=move.at,
            actor=move.actor,
            action=RolloutRolledBack.__name__,
            subject="alias champion",
            before={"champion": decision.from_version},
            after={"champion": decision.version, "blocked": decision.from_version},
            reason=move.reason,
        )

    def _announce(self, model: str, move: AliasMove) -> None:
        """Tell who calls SageMaker itself, then everybody; a repeated request tells again."""
        if move.version is None or move.before is None:
            return
        aliases = Aliases(self._runtime.table)
        ChampionParameter(self._runtime.ssm, aliases, self._stage).follow(model)
        self._runtime.bus.publish(
            RolloutRolledBack(
                model=model,
                version=move.version,
                from_version=move.before,
                actor=move.actor,
                at=move.at,
                reason=move.reason,
            )
        )
