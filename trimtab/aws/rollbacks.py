"""Rollbacks: one transaction moves route and aliases, blocks the version that is left, and tells why."""

from dataclasses import dataclass
from datetime import datetime

from trimtab import names
from trimtab.aws import keys
from trimtab.aws.aliases import Aliases, move_write
from trimtab.aws.audit import entry_write
from trimtab.aws.rollouts import Belief, Rollouts, of_record, resigned, rollout_write
from trimtab.aws.routes import route_write
from trimtab.aws.steps import Scene as StepScene
from trimtab.aws.steps import Steps
from trimtab.aws.table import Confirm, Record, Table, Write
from trimtab.aws.versions import Versions
from trimtab.domain.aliases import Alias, AliasMove
from trimtab.domain.audit import AuditEntry
from trimtab.domain.rollbacks import promoted_over
from trimtab.domain.rollouts import Phase, Rollout
from trimtab.domain.routing import Route
from trimtab.errors import Fault


@dataclass(frozen=True)
class Scene:
    """What was read before a rollback; `belief` is about the champion, `target` is the version before it."""

    belief: Belief
    target: Record | None  # the version record of what alias previous points at
    target_rollout: Record | None  # of the version before
    challenger: StepScene | None = None  # of the rollout that takes steps, or took them last

    @property
    def target_status(self) -> str | None:
        """Status of the version before, if there is one."""
        return self.target.body.get("status") if self.target else None

    @property
    def target_retired_at(self) -> datetime | None:
        """When the endpoint of the version before was taken down, if it was."""
        return of_record(self.target_rollout).retired_at if self.target_rollout else None

    @property
    def stepping(self) -> Rollout | None:
        """The rollout that takes steps."""
        rollout = self.challenger.belief.rollout if self.challenger else None
        return rollout if rollout and rollout.is_stepping else None

    @property
    def withdrawn(self) -> Rollout | None:
        """The rollout that lost its requests last, if that was since the champion came."""
        rollout = self.challenger.belief.rollout if self.challenger else None
        champion = self.belief.champion.move
        if rollout is None or champion is None or rollout.ended_at is None:
            return None
        lost = rollout.phase in (Phase.failed, Phase.inconclusive)
        return rollout if lost and rollout.ended_at > champion.at else None


class Rollbacks:
    """Reads where traffic could return to, and returns it."""

    def __init__(self, table: Table, stage: str) -> None:
        self._table = table
        self._stage = stage

    def believe(self, model: str) -> Scene:
        """Read everything a rollback rests on."""
        champion = Aliases(self._table).standing(model, Alias.champion).version
        belief = Rollouts(self._table).believe(model, champion or 0)
        while belief.champion.version != champion:  # it moved between the two reads
            champion = belief.champion.version
            belief = Rollouts(self._table).believe(model, champion or 0)
        target = belief.previous.version
        record = self._table.read(keys.model(model), keys.version(target)) if target else None
        rollout = self._table.read(keys.model(model), keys.rollout(target)) if target else None
        move = belief.challenger.move
        last = move and (move.version or move.before)
        return Scene(
            belief, record, rollout, Steps(self._table).believe(model, last) if last else None
        )

    def status(self, model: str, version: int) -> str | None:
        """Return the status of a version, or None if there is no such version."""
        record = self._table.read(keys.model(model), keys.version(version))
        return record.body.get("status") if record else None

    def commit(self, scene: Scene, move: AliasMove, entry: AuditEntry) -> None:
        """Make `move` of alias champion, with all that belongs to it, in one transaction.

        Raises Stale if anything has moved since it was read.
        """
        belief, to = scene.belief, move.version
        if to is None or scene.target is None or belief.version_record is None:
            raise Fault(
                f"a rollback of {belief.model} needs a version to leave and one to return to"
            )
        further = move.model_copy(update={"version": self._before(belief.model, to), "before": to})
        route = Route.to(to, names.endpoint_name(self._stage, belief.model, to))
        writes: list[Write] = [
            route_write(belief.model, belief.route_record, route),
            move_write(belief.model, belief.champion, move),
            move_write(belief.model, belief.previous, further),
            Confirm(scene.target),
            *([Confirm(scene.target_rollout)] if scene.target_rollout else []),
            Versions(self._table).block_write(
                belief.version_record, move.actor, move.reason, move.at
            ),
            entry_write(entry),
        ]
        if scene.challenger and (stepping := scene.stepping):
            reason = f"version {belief.version}, with which it was compared, was rolled back"
            left = stepping.ended(Phase.inconclusive, reason=reason, at=move.at, by=move.actor)
            beside = scene.challenger.belief
            writes += [
                rollout_write(belief.model, beside.rollout_record, left),
                *resigned(beside, entry),
            ]
        if belief.rollout_record and belief.rollout:
            reason = f"rolled back to version {to}: {move.reason}"
            ended = belief.rollout.ended(Phase.failed, reason=reason, at=move.at, by=move.actor)
            writes.append(rollout_write(belief.model, belief.rollout_record, ended))
        self._table.commit(*writes)

    def _before(self, model: str, version: int) -> int | None:
        """What a rollback from `version` would return to, by the history of the champion."""
        aliases = Aliases(self._table)
        moves, after = aliases.history(model, Alias.champion)
        while after is not None:
            more, after = aliases.history(model, Alias.champion, after=after)
            moves += more
        return promoted_over(moves, version)
