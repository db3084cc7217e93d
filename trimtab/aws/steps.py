"""The steps of rollouts: which rollouts are to be looked at, what their looks showed, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.rollouts import Belief, Rollouts, resigned, rollout_write
from trimtab.aws.routes import of_record, route_write
from trimtab.aws.table import Delete, Record, Table, Write, replace_or_create
from trimtab.aws.versions import Versions
from trimtab.domain.audit import AuditEntry
from trimtab.domain.guardrails import Evidence
from trimtab.domain.rollouts import Rollout
from trimtab.domain.routing import Route, Target
from trimtab.errors import Fault


@dataclass(frozen=True)
class Scene:
    """What was read before a look, or before a person's word about a rollout."""

    belief: Belief
    evidence_record: Record | None
    hourly_record: Record | None = None

    @property
    def evidence(self) -> dict[str, Evidence]:
        """What earlier looks showed, of each guardrail, and what the hours say that are over."""
        body = self.evidence_record.body if self.evidence_record else {}
        return {name: Evidence.of(told) for name, told in {**body, **self._hourly()}.items()}

    def _hourly(self) -> dict[str, Any]:
        """What was counted by the hour since this rollout began; of an earlier try it counts no more."""
        rollout = self.belief.rollout
        if self.hourly_record is None or rollout is None or rollout.progress is None:
            return {}
        body = self.hourly_record.body
        is_of_this = body["began_at"] == rollout.progress.began_at.isoformat()
        return dict(body["evidence"]) if is_of_this else {}


class Steps:
    """Reads rollouts that take steps, and commits what became of them; each commit raises Stale if it came too late."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def under_way(self) -> list[tuple[str, int]]:
        """Return model and version of every rollout that is to be looked at: one cheap query while there is none."""
        found: list[tuple[str, int]] = []
        token: str | None = None
        while True:
            records, token = self._table.records(keys.STEPPING, after=token)
            for record in records:
                model, _, version = record.sk.rpartition("#")
                found.append((model, int(version)))
            if token is None:
                return found

    def leave_alone(self, model: str, version: int) -> None:
        """Look at a rollout no more, once everybody was told of its end."""
        self._table.commit(Delete(keys.STEPPING, keys.stepping(model, version)))

    def believe(self, model: str, version: int) -> Scene:
        """Read everything that a decision about the rollout rests on."""
        belief = Rollouts(self._table).believe(model, version)
        return Scene(
            belief,
            self._table.read(keys.model(model), keys.evidence(version)),
            self._table.read(keys.model(model), keys.hourly(version))
            if _is_counted_by_the_hour(belief.rollout)
            else None,
        )

    def counted_by_the_hour(self, model: str, version: int) -> Rollout | None:
        """Return the rollout of a version if it is under way, and judged by more than its requests."""
        rollout = Rollouts(self._table).believe(model, version).rollout
        is_wanted = rollout is not None and rollout.is_stepping
        return rollout if is_wanted and _is_counted_by_the_hour(rollout) else None

    def note_hours(self, model: str, rollout: Rollout, evidence: Mapping[str, Evidence]) -> None:
        """Keep what was counted by the hour, in place of what was before."""
        if rollout.progress is None:
            raise Fault(f"the rollout of version {rollout.version} of {model} takes no steps")
        place = keys.model(model), keys.hourly(rollout.version)
        body = {
            "began_at": rollout.progress.began_at.isoformat(),
            "evidence": {name: one.told() for name, one in evidence.items()},
        }
        self._table.commit(replace_or_create(self._table.read(*place), *place, body))

    def look(
        self,
        scene: Scene,
        rollout: Rollout,
        evidence: dict[str, Evidence],
        entry: AuditEntry | None = None,
    ) -> None:
        """Keep what was seen, and the next weight if `entry` tells of one."""
        belief = scene.belief
        body = {name: one.told() for name, one in evidence.items()}
        place = keys.model(belief.model), keys.evidence(belief.version)
        self._table.commit(
            rollout_write(belief.model, belief.rollout_record, rollout),
            replace_or_create(scene.evidence_record, *place, body),
            *self._shifted(belief, rollout, entry),
        )

    def note(self, scene: Scene, rollout: Rollout, entry: AuditEntry | None = None) -> None:
        """Write the rollout where its traffic stays, with an audit entry if a person decided it."""
        belief = scene.belief
        entries = [entry_write(entry)] if entry else []
        self._table.commit(rollout_write(belief.model, belief.rollout_record, rollout), *entries)

    def begin_again(self, scene: Scene, rollout: Rollout, entry: AuditEntry) -> None:
        """Open an ended rollout anew: what earlier looks showed counts no more."""
        belief = scene.belief
        place = keys.model(belief.model), keys.evidence(belief.version)
        self._table.commit(
            rollout_write(belief.model, belief.rollout_record, rollout),
            replace_or_create(scene.evidence_record, *place, {}),
            entry_write(entry),
        )

    def withdraw(self, scene: Scene, rollout: Rollout, entry: AuditEntry, *, block: bool) -> None:
        """Return the challenger's requests to the champion, and keep a bad version from serving again."""
        self._table.commit(
            *withdrawal(scene.belief, rollout, entry, block=block), entry_write(entry)
        )

    @staticmethod
    def _shifted(belief: Belief, rollout: Rollout, entry: AuditEntry | None) -> list[Write]:
        if entry is None:
            return []
        return [
            route_write(belief.model, belief.route_record, split(belief, rollout)),
            entry_write(entry),
        ]


def _is_counted_by_the_hour(rollout: Rollout | None) -> bool:
    progress = rollout.progress if rollout else None
    return progress is not None and progress.steps.is_counted_by_the_hour


def split(belief: Belief, rollout: Rollout) -> Route:
    """Return the route on which the challenger has the weight of its step."""
    route, progress = of_record(belief.route_record), rollout.progress
    if route is None or progress is None:
        raise Fault(f"the rollout of version {rollout.version} of {belief.model} has no champion")
    challenger = Target(
        version=rollout.version, weight=progress.weight, endpoint_name=rollout.endpoint_name
    )
    return route.with_challenger(challenger, progress.slow_ms)


def withdrawal(belief: Belief, rollout: Rollout, entry: AuditEntry, *, block: bool) -> list[Write]:
    """The writes that return a challenger's requests to the champion."""
    route = of_record(belief.route_record)
    whole = route.without_challenger(belief.version) if route else None
    if whole is None or belief.version_record is None:
        raise Fault(f"version {belief.version} of {belief.model} has no champion to return to")
    blocked = Versions.block_write(belief.version_record, entry.actor, entry.reason, entry.at)
    return [
        rollout_write(belief.model, belief.rollout_record, rollout),
        route_write(belief.model, belief.route_record, whole),
        *resigned(belief, entry),
        *([blocked] if block else []),
    ]
