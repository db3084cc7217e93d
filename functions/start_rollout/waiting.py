"""Begins the rollout that waited for another of its model to end."""

from trimtab.aws.endpoints import Endpoints
from trimtab.aws.rollouts import Rollouts
from trimtab.domain.rollouts import OPEN, Leave
from trimtab.release.settling import Settling
from trimtab.runtime import Runtime

NEWEST = 20  # rollouts among which those that wait are sought


def settle_the_next(runtime: Runtime, model: str) -> None:
    """Bring the newest open rollout on; older ones then find a newer champion or challenger, and end or wait."""
    rollouts, _ = Rollouts(runtime.table).list(model, limit=NEWEST)
    for rollout in rollouts:
        if rollout.phase in OPEN and not rollout.is_stepping:
            endpoint = Endpoints(runtime.sagemaker).state(rollout.endpoint_name)
            if not isinstance(Settling(runtime).settle(model, rollout.version, endpoint), Leave):
                return
