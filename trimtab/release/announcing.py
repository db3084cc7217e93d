"""Tells what became of a version's traffic: first those who call SageMaker itself, then everybody."""

from typing import TYPE_CHECKING

from trimtab.aws.aliases import Aliases
from trimtab.aws.champion import ChampionParameter
from trimtab.domain.aliases import Alias, AliasMove
from trimtab.domain.events import RolloutAdvanced, RolloutPromoted, RolloutRolledBack
from trimtab.domain.rollouts import Phase, Rollout
from trimtab.errors import Fault

if TYPE_CHECKING:
    from trimtab.runtime import Runtime


class Announcing:
    """Tells it again when it is asked again: the first telling may have been lost."""

    def __init__(self, runtime: "Runtime") -> None:
        self._runtime = runtime
        self._aliases = Aliases(runtime.table)

    def promoted(self, model: str, version: int) -> None:
        """Tell that a version was promoted; nothing if it is not champion, or by a rollback: then that was told."""
        champion = self._aliases.get(model, Alias.champion)
        if champion is None or champion.version != version or champion.is_rollback:
            return
        self._follow(model)
        self._runtime.bus.publish(
            RolloutPromoted(
                model=model,
                version=version,
                previous_version=champion.before,
                at=champion.at,
                reason=champion.reason,
            )
        )

    def rolled_back(self, model: str, move: AliasMove) -> None:
        """Tell that the champion is an earlier version again."""
        if move.version is None or move.before is None:
            return
        self._follow(model)
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

    def advanced(self, model: str, rollout: Rollout) -> None:
        """Tell that a challenger has more of the requests."""
        progress = rollout.progress
        if progress is None:
            raise Fault(f"the rollout of version {rollout.version} of {model} takes no steps")
        self._runtime.bus.publish(
            RolloutAdvanced(
                model=model,
                version=rollout.version,
                champion_version=progress.champion,
                weight=progress.weight,
                at=progress.step_began_at,
                reason=rollout.reason,
            )
        )

    def withdrawn(self, model: str, rollout: Rollout) -> None:
        """Tell that a challenger has no requests any more."""
        progress, at = rollout.progress, rollout.ended_at
        champion = self._aliases.get(model, Alias.champion)
        if progress is None or at is None or champion is None or champion.version is None:
            raise Fault(f"the rollout of version {rollout.version} of {model} goes on")
        self._runtime.bus.publish(
            RolloutRolledBack(
                model=model,
                version=champion.version,
                from_version=rollout.version,
                weight=progress.weight,
                phase="failed" if rollout.phase is Phase.failed else "inconclusive",
                actor=rollout.ended_by or "",
                at=at,
                reason=rollout.reason,
            )
        )

    def _follow(self, model: str) -> None:
        ChampionParameter(self._runtime.ssm, self._aliases, self._runtime.settings.stage).follow(
            model
        )
