"""From the approval of a version to its endpoint being made."""

from trimtab import names
from trimtab.aws.endpoints import EndpointRefused, Endpoints
from trimtab.aws.rollouts import Belief, Rollouts, transition
from trimtab.aws.table import Stale
from trimtab.aws.versions import of_record
from trimtab.domain.events import RolloutStarted, VersionApproved
from trimtab.domain.rollouts import OPEN, EndpointState, Fail, Leave, Phase, Rollout, weigh_start
from trimtab.errors import Fault, NotFound
from trimtab.observability import logger
from trimtab.release.settling import ACTOR, ATTEMPTS
from trimtab.runtime import Runtime


class Opening:
    """Opens rollouts and asks SageMaker for their endpoints."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stage = runtime.settings.stage
        self._rollouts = Rollouts(runtime.table)
        self._endpoints = Endpoints(runtime.sagemaker)

    def open(self, event: VersionApproved) -> EndpointState | None:
        """Start the rollout of an approved version, or go on where an earlier try stopped.

        Returns the state of the version's endpoint, or None if the version gets no rollout.
        """
        rollout = self._opened(event)
        if rollout is None or rollout.phase not in OPEN | {Phase.successful}:
            return None
        refusal = self._build(event.model, event.version) if rollout.phase in OPEN else None
        if refusal:
            return EndpointState(rollout.endpoint_name, "Failed", refusal)
        self._announce(event, rollout)
        return self._endpoints.state(rollout.endpoint_name)

    def _opened(self, event: VersionApproved) -> Rollout | None:
        """Return the version's rollout, written now unless it was written before; None if it gets none."""
        for _ in range(ATTEMPTS):
            belief = self._believe(event.model, event.version)
            if belief.rollout is not None:
                return belief.rollout
            decision = weigh_start(belief.facts(self._runtime.clock.now()))
            if isinstance(decision, Leave):
                logger.info("no rollout", version=event.version, reason=decision.reason)
                return None
            rollout = self._pending(event)
            if isinstance(decision, Fail):
                at = rollout.started_at
                rollout = rollout.ended(Phase.failed, reason=decision.reason, at=at)
            entry = transition(
                belief, rollout, id=self._runtime.new_id(), at=rollout.started_at, actor=ACTOR
            )
            try:
                self._rollouts.save(belief, rollout, entry)
            except Stale:
                continue
            logger.info(
                "rollout", version=event.version, phase=rollout.phase, reason=rollout.reason
            )
            return rollout
        raise Fault(f"the rollout of version {event.version} was changed {ATTEMPTS} times")

    def _pending(self, event: VersionApproved) -> Rollout:
        return Rollout(
            version=event.version,
            phase=Phase.pending,
            endpoint_name=names.endpoint_name(self._stage, event.model, event.version),
            actor=event.actor,
            reason=_why(event),
            started_at=self._runtime.clock.now(),
        )

    def _build(self, model: str, version: int) -> str | None:
        """Ask SageMaker for the endpoint, keeping what an earlier try has made. Returns why it refused."""
        belief = self._believe(model, version)
        approved, rollout = of_record(belief.version_record), belief.rollout
        if approved is None or rollout is None or rollout.phase not in OPEN:
            return None  # it ended meanwhile
        serving = self._runtime.models.get(model).release.serving
        role = self._runtime.settings.serving_role_arn
        try:
            self._endpoints.ensure(rollout.endpoint_name, approved, serving, role)
        except EndpointRefused as refusal:
            return f"SageMaker refused it: {refusal}"
        if rollout.phase is Phase.pending:
            try:
                self._rollouts.save(belief, rollout.model_copy(update={"phase": Phase.running}))
            except Stale:
                logger.info("the rollout went on meanwhile", model=model, version=version)
        return None

    def _believe(self, model: str, version: int) -> Belief:
        belief = self._rollouts.believe(model, version)
        if belief.version_record is None:
            raise NotFound(
                f"version {version} of {model} is approved but not recorded",
                hint="record_training writes versions; look into its dead-letter queue",
            )
        return belief

    def _announce(self, event: VersionApproved, rollout: Rollout) -> None:
        self._runtime.bus.publish(
            RolloutStarted(
                model=event.model,
                version=rollout.version,
                endpoint_name=rollout.endpoint_name,
                at=rollout.started_at,
                reason=_why(event),
            )
        )


def _why(event: VersionApproved) -> str:
    """The sentence of the audit entry and of the event alike."""
    return f"version {event.version} was approved by {event.actor}: {event.reason}"
