"""Whose hand an MLflow client's request is, and why it asks."""

from functions.registry_api.mlflow.auditing import REASON
from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.request import Request
from trimtab.domain.registry.hands import Hand

WHY = "x-trimtab-reason"  # MLflow's messages have no field for a reason, so it may come as a header
WHY_MOST = 500  # characters, as in the bodies of our own API


def hand_of(request: Request) -> Hand:
    """Return who changes something with this request, and why."""
    reason = (request.headers.get(WHY) or REASON).strip()
    if not 0 < len(reason) <= WHY_MOST:
        raise WireError(f"{WHY} must have 1 to {WHY_MOST} characters")
    runtime = request.runtime
    return Hand(request.actor, reason, runtime.clock.now(), runtime.new_id)
