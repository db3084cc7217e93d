"""What the retirement of an endpoint rests on, and the write that makes it known before the endpoint is deleted."""

from dataclasses import dataclass
from datetime import datetime

from trimtab.aws.aliases import Aliases
from trimtab.aws.audit import entry_write
from trimtab.aws.rollouts import Belief, Rollouts, rollout_write
from trimtab.aws.routes import of_record
from trimtab.aws.table import Confirm, Table
from trimtab.aws.waiting_rollbacks import WaitingRollbacks
from trimtab.domain.aliases import Alias
from trimtab.domain.audit import AuditEntry
from trimtab.domain.retirement import Standing
from trimtab.domain.rollouts import OPEN, Rollout


@dataclass(frozen=True)
class Use:
    """What was read of a version before its endpoint was retired."""

    belief: Belief
    standing: Standing

    @property
    def model(self) -> str:
        """The version's model."""
        return self.belief.model

    @property
    def rollout(self) -> Rollout | None:
        """The version's rollout, if it had one."""
        return self.belief.rollout


class Retirements:
    """Reads what versions are needed for, and commits that the endpoint of one is retired."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def believe(self, model: str, version: int) -> Use:
        """Read everything that the retirement of a version's endpoint rests on."""
        belief = Rollouts(self._table).believe(model, version)
        waiting = WaitingRollbacks(self._table).get(model)
        route, rollout = of_record(belief.route_record), belief.rollout
        serves = route is None or any(one.version == version for one in route.targets)
        named = version in (belief.champion.version, belief.challenger.version)
        standing = Standing(
            version=version,
            serves=serves or named,
            is_open=rollout is None or rollout.phase in OPEN,
            is_awaited=waiting is not None and waiting.version == version,
            left_at=self._left_at(model, version, rollout),
        )
        return Use(belief, standing)

    def commit(self, use: Use, rollout: Rollout, entry: AuditEntry | None) -> None:
        """Write that the endpoint is retired. Raises Stale if the rollout or the route moved since they were read."""
        route = use.belief.route_record
        self._table.commit(
            rollout_write(use.model, use.belief.rollout_record, rollout),
            *([Confirm(route)] if route else []),
            *([entry_write(entry)] if entry else []),
        )

    def _left_at(self, model: str, version: int, rollout: Rollout | None) -> datetime | None:
        """When the version was champion last, or its rollout ended without that."""
        if rollout is None or rollout.ended_at is None:
            return None
        after: str | None = None
        while True:
            moves, after = Aliases(self._table).history(model, Alias.champion, after=after)
            for move in moves:
                if move.before == version:
                    return max(move.at, rollout.ended_at)
            if after is None:
                return rollout.ended_at
