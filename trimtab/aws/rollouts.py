"""The rollouts: reads all that a decision about a version's traffic rests on, and commits the decision."""

from dataclasses import dataclass
from datetime import datetime

from trimtab.aws import keys
from trimtab.aws.aliases import Aliases, Standing, move_write
from trimtab.aws.audit import entry_write
from trimtab.aws.routes import of_record as route_of
from trimtab.aws.routes import route_write
from trimtab.aws.table import Confirm, Put, Record, Table, Write, replace_or_create
from trimtab.domain.aliases import Alias, AliasMove
from trimtab.domain.audit import AuditEntry
from trimtab.domain.rollouts import Facts, Phase, Rollout
from trimtab.domain.routing import Route
from trimtab.domain.versions import serving_status

ACTIONS = {
    Phase.pending: "RolloutStarted",
    Phase.running: "RolloutAdvanced",
    Phase.successful: "RolloutPromoted",
    Phase.failed: "RolloutFailed",
    Phase.inconclusive: "RolloutInconclusive",
}


@dataclass(frozen=True)
class Belief:
    """What was read before a decision; the decision is committed only if all of it still holds."""

    model: str
    version: int
    champion: Standing
    previous: Standing
    challenger: Standing
    version_record: Record | None
    rollout_record: Record | None
    route_record: Record | None

    @property
    def rollout(self) -> Rollout | None:
        """The version's rollout, if there is one."""
        return of_record(self.rollout_record) if self.rollout_record else None

    def facts(self, now: datetime) -> Facts:
        """What the domain decides on at this moment."""
        version = self.version_record.body if self.version_record else {}
        until = version.get("expires_at")
        status = serving_status(
            version.get("status"), datetime.fromisoformat(until) if until else None, now
        )
        phase = self.rollout.phase if self.rollout else None
        return Facts(self.version, status, self.champion.version, phase, self.challenger.version)


class Rollouts:
    """Reads rollouts and commits what was decided about them; every commit raises Stale if it came too late."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, model: str, version: int) -> Rollout | None:
        """Return the rollout of a version, or None if it has none."""
        record = self._table.read(keys.model(model), keys.rollout(version))
        return of_record(record) if record else None

    def list(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[Rollout], str | None]:
        """Return a page of the model's rollouts, newest version first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.ROLLOUT, newest_first=True, limit=limit, after=after
        )
        return [of_record(record) for record in records], token

    def believe(self, model: str, version: int) -> Belief:
        """Read everything a decision about the version's traffic rests on."""
        partition, aliases = keys.model(model), Aliases(self._table)
        return Belief(
            model=model,
            version=version,
            champion=aliases.standing(model, Alias.champion),
            previous=aliases.standing(model, Alias.previous),
            challenger=aliases.standing(model, Alias.challenger),
            version_record=self._table.read(partition, keys.version(version)),
            rollout_record=self._table.read(partition, keys.rollout(version)),
            route_record=self._table.read(partition, keys.ROUTE),
        )

    def save(self, belief: Belief, rollout: Rollout, entry: AuditEntry | None = None) -> None:
        """Write the rollout, where no traffic moves, with the audit entry if it is a decision."""
        writes = [rollout_write(belief.model, belief.rollout_record, rollout)]
        self._table.commit(*writes, *([entry_write(entry)] if entry else []))

    def begin(self, belief: Belief, rollout: Rollout, route: Route, entry: AuditEntry) -> None:
        """Give the rollout's version its first requests, and have it looked at from now on."""
        move = _move(entry, version=rollout.version, before=belief.challenger.version)
        self._table.commit(
            rollout_write(belief.model, belief.rollout_record, rollout),
            route_write(belief.model, belief.route_record, route),
            move_write(belief.model, belief.challenger, move),
            Put(keys.STEPPING, keys.stepping(belief.model, rollout.version), {}),
            *_confirmed(belief),
            entry_write(entry),
        )

    def promote(self, belief: Belief, rollout: Rollout, entry: AuditEntry) -> None:
        """Send all traffic to the rollout's version and make it champion, in one transaction."""
        before = belief.champion.version
        to_champion = _move(entry, version=rollout.version, before=before)
        to_previous = _move(entry, version=before, before=belief.previous.version)
        left = route_of(belief.route_record)
        fallback = left.as_fallback() if left else None
        route = Route.to(rollout.version, rollout.endpoint_name, fallback)
        self._table.commit(
            rollout_write(belief.model, belief.rollout_record, rollout),
            route_write(belief.model, belief.route_record, route),
            move_write(belief.model, belief.champion, to_champion),
            move_write(belief.model, belief.previous, to_previous),
            *resigned(belief, entry),
            *_confirmed(belief),
            entry_write(entry),
        )


def transition(
    belief: Belief,
    rollout: Rollout,
    *,
    id: str,
    at: datetime,
    actor: str,
    action: str | None = None,
) -> AuditEntry:
    """Return the audit entry of a rollout that got from what is believed to what `rollout` says."""
    champion = belief.champion.version
    is_champion = rollout.phase is Phase.successful
    return AuditEntry(
        id=id,
        model=belief.model,
        at=at,
        actor=actor,
        action=action or ACTIONS[rollout.phase],
        subject=f"version {rollout.version}",
        before=_stand(belief.rollout, champion),
        after=_stand(rollout, rollout.version if is_champion else champion),
        reason=rollout.reason,
    )


def _stand(rollout: Rollout | None, champion: int | None) -> dict[str, object]:
    stand: dict[str, object] = {"phase": rollout.phase if rollout else None, "champion": champion}
    if rollout is not None and rollout.progress is not None:
        stand["weight"] = rollout.weight
    return stand


def of_record(record: Record) -> Rollout:
    """Return the rollout that a record tells."""
    return Rollout.model_validate(record.body, strict=False)


def rollout_write(model: str, record: Record | None, rollout: Rollout) -> Write:
    """The write that puts `rollout` where `record` was read."""
    body = rollout.model_dump(mode="json")
    return replace_or_create(record, keys.model(model), keys.rollout(rollout.version), body)


def resigned(belief: Belief, entry: AuditEntry) -> list[Write]:
    """The write by which the version is challenger no more, if it is."""
    if belief.challenger.version != belief.version:
        return []
    move = _move(entry, version=None, before=belief.version)
    return [move_write(belief.model, belief.challenger, move)]


def _confirmed(belief: Belief) -> list[Write]:
    return [Confirm(belief.version_record)] if belief.version_record else []


def _move(entry: AuditEntry, *, version: int | None, before: int | None) -> AliasMove:
    return AliasMove(
        version=version, before=before, actor=entry.actor, reason=entry.reason, at=entry.at
    )
