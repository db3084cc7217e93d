"""Goes on with the rollback that waited for an endpoint, now that the endpoint is in service or has failed."""

from functions.roll_back.refusals import Cause, Refusals
from functions.roll_back.retreat import Retreat
from trimtab import names
from trimtab.aws.endpoint_scaling import EndpointScaling
from trimtab.aws.endpoints import Endpoints
from trimtab.aws.waiting_rollbacks import WaitingRollbacks
from trimtab.domain.rollbacks import Refuse, WaitingRollback
from trimtab.domain.rollouts import EndpointState
from trimtab.errors import Fault
from trimtab.runtime import Runtime


def resume(runtime: Runtime, endpoint_name: str) -> str:
    """Make the rollback that waited for this endpoint, if one did, and say what came of it.

    What SageMaker says of the endpoint now counts, not what its event said.
    """
    subject = names.of_endpoint(runtime.settings.stage, endpoint_name)
    waiting = WaitingRollbacks(runtime.table).get(subject[0]) if subject else None
    if subject is None or waiting is None or waiting.version != subject[1]:
        return "no rollback waits for it"
    model = subject[0]
    endpoint = Endpoints(runtime.sagemaker).state(endpoint_name)
    if endpoint.status == "Creating":
        raise Fault(f"endpoint {endpoint_name} was told as settled and is Creating")
    if endpoint.answers:
        serving = runtime.models.get(model).release.serving
        EndpointScaling.of(runtime).ensure(endpoint_name, serving)
    came = _failed(endpoint) if endpoint.is_failed else Retreat(runtime).go_on(model, waiting)
    if not isinstance(came, Refuse) and came.waits:
        return f"version {waiting.version} answers once its endpoint is made again"
    told = f"version {waiting.version} answers"
    if isinstance(came, Refuse):
        told = Refusals(runtime).tell(model, _cause(waiting), came)
    WaitingRollbacks(runtime.table).end(model, waiting)
    return told


def _failed(endpoint: EndpointState) -> Refuse:
    return Refuse(
        f"endpoint {endpoint.name} was made again and failed: {endpoint.reason or 'SageMaker gives no reason'}",
        "approve another version: it takes over once its endpoint is in service",
    )


def _cause(waiting: WaitingRollback) -> Cause:
    return Cause(waiting.alarm, waiting.at, waiting.reason, waiting.actor)
