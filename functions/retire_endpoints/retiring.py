"""Looks at every endpoint there is, and retires those that nobody needs any more."""

from datetime import timedelta

from trimtab import names
from trimtab.aws.endpoint_scaling import EndpointScaling
from trimtab.aws.endpoints import Endpoints
from trimtab.aws.retirements import Retirements, Use
from trimtab.aws.table import Stale
from trimtab.domain.audit import AuditEntry
from trimtab.domain.retirement import weigh_retirement
from trimtab.domain.rollouts import Rollout
from trimtab.errors import Fault, TrimtabError
from trimtab.observability import logger
from trimtab.runtime import Runtime

ACTOR = "retire_endpoints"
# It is written that an endpoint is retired before it is deleted, and again for a further try: whoever rolls back within
# a minute of that knows not to count on it, though it still answers. This and the function's own 30 s make the minute.
HOLDS = timedelta(seconds=30)


class Retiring:
    """Takes endpoints down; the versions stay, and a rollback makes their endpoints again."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._endpoints = Endpoints(runtime.sagemaker)
        self._retirements = Retirements(runtime.table)

    def retire_all(self) -> list[str]:
        """Return the names of the endpoints that are taken down; one that cannot be keeps no other from it."""
        retired, failed = list[str](), list[str]()
        stage, known = self._runtime.settings.stage, self._runtime.models.all()
        for name in self._endpoints.names(names.endpoint_prefix(stage)):
            subject = names.of_endpoint(stage, name)
            if subject is None or subject[0] not in known:
                continue
            try:
                if self._retire(*subject, name):
                    retired.append(name)
            except (TrimtabError, self._runtime.sagemaker.exceptions.ClientError) as error:
                logger.exception("not retired", endpoint=name)
                failed.append(f"{name}: {error}")
        if failed:
            raise Fault("; ".join(failed))
        return retired

    def _retire(self, model: str, version: int, name: str) -> bool:
        now = self._runtime.clock.now()
        use = self._retirements.believe(model, version)
        days = self._runtime.models.get(model).release.probation_days
        reason = weigh_retirement(use.standing, days, now)
        if reason is None or use.rollout is None:
            return False
        before = use.rollout.retired_at
        if before is None or now - before > HOLDS:
            retired = use.rollout.model_copy(update={"retired_at": now})
            try:
                self._retirements.commit(
                    use, retired, None if before else self._entry(use, retired, reason)
                )
            except Stale as lost:
                logger.info("it is needed, or looked at, after all", endpoint=name, lost=lost.lost)
                return False
        EndpointScaling.of(self._runtime).forget(name)
        self._endpoints.delete(name)
        return True

    def _entry(self, use: Use, rollout: Rollout, reason: str) -> AuditEntry:
        return AuditEntry(
            id=self._runtime.new_id(),
            model=use.model,
            at=self._runtime.clock.now(),
            actor=ACTOR,
            action="EndpointRetired",
            subject=f"version {rollout.version}",
            before={"endpoint": rollout.endpoint_name},
            after={"endpoint": None},
            reason=reason,
        )
