"""From the state of a version's endpoint to the end of its rollout."""

from functions.start_rollout.opening import ACTOR, ATTEMPTS
from trimtab.aws.aliases import Aliases
from trimtab.aws.champion import ChampionParameter
from trimtab.aws.rollouts import Belief, Rollouts, transition
from trimtab.aws.table import Stale
from trimtab.domain.aliases import Alias
from trimtab.domain.events import RolloutPromoted
from trimtab.domain.rollouts import (
    Announce,
    Decision,
    EndpointState,
    Fail,
    Phase,
    Promote,
    weigh_endpoint,
)
from trimtab.errors import Fault
from trimtab.observability import logger
from trimtab.runtime import Runtime


class Settling:
    """Ends rollouts: with all the traffic, or with none."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._rollouts = Rollouts(runtime.table)
        self._aliases = Aliases(runtime.table)

    def settle(self, model: str, version: int, endpoint: EndpointState) -> None:
        """Promote the version if its endpoint answers, end its rollout if it never will."""
        for _ in range(ATTEMPTS):
            belief = self._rollouts.believe(model, version)
            decision = weigh_endpoint(belief.facts(self._runtime.clock.now()), endpoint)
            try:
                self._carry_out(belief, decision)
            except Stale:
                continue
            if isinstance(decision, Promote | Announce):
                self._announce(model, version)
            return
        raise Fault(f"the rollout of version {version} of {model} was changed {ATTEMPTS} times")

    def _carry_out(self, belief: Belief, decision: Decision) -> None:
        kind, reason = type(decision).__name__, getattr(decision, "reason", "")
        rollout, now = belief.rollout, self._runtime.clock.now()
        if rollout is not None and isinstance(decision, Fail | Promote):
            phase = Phase.failed if isinstance(decision, Fail) else Phase.successful
            ended = rollout.ended(phase, reason=decision.reason, at=now)
            entry = transition(belief, ended, id=self._runtime.new_id(), at=now, actor=ACTOR)
            commit = self._rollouts.save if phase is Phase.failed else self._rollouts.promote
            commit(belief, ended, entry)
        logger.info(
            "rollout decision",
            model=belief.model,
            version=belief.version,
            decision=kind,
            reason=reason,
        )

    def _announce(self, model: str, version: int) -> None:
        """Tell who calls SageMaker itself, then everybody; nothing if another version took over meanwhile."""
        champion = self._aliases.get(model, Alias.champion)
        if champion is None or champion.version != version:
            return
        parameter = ChampionParameter(
            self._runtime.ssm, self._aliases, self._runtime.settings.stage
        )
        parameter.follow(model)
        self._runtime.bus.publish(
            RolloutPromoted(
                model=model,
                version=version,
                previous_version=champion.before,
                at=champion.at,
                reason=champion.reason,
            )
        )
