"""Makes the endpoint of a version again to which traffic is to return, and remembers why until it is in service."""

from functions.roll_back.why import Why
from trimtab import names
from trimtab.aws.audit import entry_write
from trimtab.aws.endpoints import EndpointRefused, Endpoints
from trimtab.aws.rollbacks import Scene
from trimtab.aws.rollouts import of_record as rollout_of_record
from trimtab.aws.rollouts import rollout_write
from trimtab.aws.table import Confirm, Stale, Write
from trimtab.aws.versions import of_record
from trimtab.aws.waiting_rollbacks import WaitingRollbacks
from trimtab.domain.audit import AuditEntry
from trimtab.domain.rollbacks import Refuse, Remake, WaitingRollback
from trimtab.errors import Fault
from trimtab.observability import logger
from trimtab.runtime import Runtime


class Remaking:
    """Keeps a rollback waiting for the endpoint that it needs."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting = WaitingRollbacks(runtime.table)
        self._endpoints = Endpoints(runtime.sagemaker)

    def begin(self, scene: Scene, decision: Remake, why: Why) -> WaitingRollback | Refuse:
        """Have the endpoint made from the version's artifact; the rollback goes on when it is in service.

        What waits is written before anything is made, so that the event of the endpoint finds it. Raises Stale if the
        state moved meanwhile, or if the endpoint answers already: then there is nothing to wait for.
        """
        model, version = scene.belief.model, decision.version
        target = of_record(scene.target)
        if target is None:
            raise Fault(f"version {version} of {model} is to serve and not recorded")
        waiting = self._remember(scene, decision, why)
        release = self._runtime.models.get(model).release
        name = names.endpoint_name(self._runtime.settings.stage, model, version)
        try:
            self._endpoints.ensure(
                name, target, release.serving, self._runtime.settings.serving_role_arn
            )
        except EndpointRefused as refusal:
            self._waiting.end(model, waiting)
            return Refuse(
                f"version {version} has no endpoint, and SageMaker makes none of it: {refusal}",
                "approve another version: it takes over once its endpoint is in service",
            )
        if self._endpoints.state(name).answers:
            raise Stale([name])
        logger.info("the endpoint is made again", model=model, version=version, endpoint=name)
        return waiting

    def _remember(self, scene: Scene, decision: Remake, why: Why) -> WaitingRollback:
        model, now = scene.belief.model, self._runtime.clock.now()
        record = self._waiting.read(model)
        known = self._waiting.of_record(record)
        if known is not None and known.ends == (decision.version, decision.from_version):
            if back := self._in_use_again(scene):
                self._runtime.table.commit(*back)
            return known
        waiting = WaitingRollback(
            version=decision.version,
            from_version=decision.from_version,
            actor=why.actor,
            reason=why.reason,
            alarm=why.alarm,
            at=now,
        )
        entry = AuditEntry(
            id=self._runtime.new_id(),
            model=model,
            at=now,
            actor=why.actor,
            action="RollbackWaits",
            subject=f"version {decision.version}",
            before={"champion": decision.from_version},
            after={"champion": decision.from_version, "endpoint": "is made again"},
            reason=why.reason,
        )
        back = self._in_use_again(scene)
        confirmed = [Confirm(one) for one in (scene.belief.route_record, scene.target) if one]
        write = self._waiting.write(model, record, waiting)
        self._runtime.table.commit(write, *back, *confirmed, entry_write(entry))
        return waiting

    @staticmethod
    def _in_use_again(scene: Scene) -> list[Write]:
        """The write that says that the endpoint is retired no more, if it was."""
        record = scene.target_rollout
        if record is None or scene.target_retired_at is None:
            return []
        rollout = rollout_of_record(record).model_copy(update={"retired_at": None})
        return [rollout_write(scene.belief.model, record, rollout)]
