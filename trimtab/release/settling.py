"""From the state of a version's endpoint to the end of its rollout."""

from dataclasses import replace

from trimtab.aws.endpoint_scaling import EndpointScaling
from trimtab.aws.measured import Measured
from trimtab.aws.rollouts import Belief, Rollouts, transition
from trimtab.aws.steps import split
from trimtab.aws.table import Stale
from trimtab.aws.versions import of_record
from trimtab.domain.golden import Shown
from trimtab.domain.model import Release
from trimtab.domain.progress import first_progress
from trimtab.domain.rollouts import (
    Announce,
    Begin,
    Decision,
    EndpointState,
    Fail,
    Phase,
    Promote,
    Rollout,
    weigh_endpoint,
)
from trimtab.errors import Fault
from trimtab.observability import logger
from trimtab.release.announcing import Announcing
from trimtab.release.proving import Proving
from trimtab.runtime import Runtime

ACTOR = "start_rollout"
ATTEMPTS = 10  # each lost attempt means that another writer got on, so this ends


class Settling:
    """Brings rollouts from their endpoints to the traffic: all of it, the first of their weights, or none."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._rollouts = Rollouts(runtime.table)

    def settle(self, model: str, version: int, endpoint: EndpointState) -> Decision:
        """Give the version traffic if its endpoint answers, end its rollout if it never will. Returns what was done."""
        shown: Shown | None = None
        for _ in range(ATTEMPTS):
            belief = self._rollouts.believe(model, version)
            facts = belief.facts(self._runtime.clock.now())
            decision = weigh_endpoint(facts, endpoint, self._release(model).steps)
            if isinstance(decision, Begin | Promote):
                shown = shown or self._shown(belief, endpoint)
                decision = _proven(decision, shown)
            try:
                self._carry_out(belief, decision)
            except Stale:
                continue
            if isinstance(decision, Promote | Announce):
                Announcing(self._runtime).promoted(model, version)
            return decision
        raise Fault(f"the rollout of version {version} of {model} was changed {ATTEMPTS} times")

    def _carry_out(self, belief: Belief, decision: Decision) -> None:
        kind, reason = type(decision).__name__, getattr(decision, "reason", "")
        rollout, now = belief.rollout, self._runtime.clock.now()
        if rollout is not None and isinstance(decision, Begin):
            self._begin(belief, rollout, decision)
        elif rollout is not None and isinstance(decision, Fail | Promote):
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

    def _begin(self, belief: Belief, rollout: Rollout, decision: Begin) -> None:
        """Give the version the first of its weights, to be judged by what is slow for the champion just now."""
        release, now = self._release(belief.model), self._runtime.clock.now()
        measured = Measured(self._runtime.cloudwatch, self._runtime.settings.stage)
        usual = measured.usual_latency(belief.model, now) or release.alarms.latency_ms
        progress = first_progress(decision.champion, release.steps, max(round(usual), 1), now)
        begun = rollout.model_copy(
            update={"phase": Phase.running, "reason": decision.reason, "progress": progress}
        )
        entry = transition(belief, begun, id=self._runtime.new_id(), at=now, actor=ACTOR)
        self._rollouts.begin(belief, begun, split(belief, begun), entry)

    def _shown(self, belief: Belief, endpoint: EndpointState) -> Shown:
        version = of_record(belief.version_record)
        if version is None:
            raise Fault(f"version {belief.version} of {belief.model} is to serve and not recorded")
        serving = self._release(belief.model).serving
        EndpointScaling.of(self._runtime).ensure(endpoint.name, serving)
        return Proving(self._runtime).show(belief.model, version, endpoint.name)

    def _release(self, model: str) -> Release:
        return self._runtime.models.get(model).release


def _proven(decision: Begin | Promote, shown: Shown) -> Decision:
    """What becomes of the decision once the endpoint was asked what its version answered in the evaluation."""
    if shown.problem:
        return Fail(f"its endpoint may get no requests: {shown.sentence}")
    return replace(decision, reason=f"{decision.reason}; {shown.sentence}")
