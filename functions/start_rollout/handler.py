"""Woken when a version is approved, when its endpoint is in service or has failed, and when another's rollout ended."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.start_rollout.opening import Opening
from functions.start_rollout.schema import EndpointStateChange, RolloutEnded, read
from functions.start_rollout.waiting import settle_the_next
from trimtab import names
from trimtab.aws.endpoints import Endpoints
from trimtab.errors import Fault
from trimtab.observability import logger
from trimtab.release.settling import Settling
from trimtab.runtime import get_runtime


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """Bring the rollout that the event is about as far as it can get now; the same event twice does no harm.

    What SageMaker says of the endpoint now counts, not what the event says of it: events come late.
    """
    runtime = get_runtime()
    told = read(event)
    if isinstance(told, EndpointStateChange):
        subject = names.of_endpoint(runtime.settings.stage, told.EndpointName)
        if subject is None:
            logger.info("not the endpoint of a version", endpoint=told.EndpointName)
            return
        endpoint = Endpoints(runtime.sagemaker).state(told.EndpointName)
        if endpoint.status == "Creating":
            # SageMaker lags behind its own event: the next delivery finds what it tells of.
            raise Fault(
                f"endpoint {endpoint.name} was told as {told.EndpointStatus} and is Creating"
            )
        Settling(runtime).settle(*subject, endpoint)
    elif isinstance(told, RolloutEnded):
        settle_the_next(runtime, told.model)
    elif opened := Opening(runtime).open(told):
        Settling(runtime).settle(told.model, told.version, opened)
