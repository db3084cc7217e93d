"""Woken by every object version that is created under incoming/."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.validate_dataset.intake import Intake
from functions.validate_dataset.schema import read
from functions.validate_dataset.telling import event_of
from trimtab.observability import logger, metrics
from trimtab.runtime import get_runtime


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Decide what becomes of the object, once; an event that comes again is told what was decided."""
    runtime = get_runtime()
    arrival = read(event, bucket=runtime.settings.bucket)
    receipt = Intake(runtime).receive(arrival)
    # After the commit, and again with every repetition of the event: it may have died just before.
    if (news := event_of(receipt, runtime)) is not None:
        runtime.bus.publish(news)
    logger.info(
        "object received",
        model=receipt.model,
        key=receipt.key,
        outcome=receipt.outcome.value,
        dataset_version=receipt.dataset_version,
        anomalies=receipt.anomalies,
        reason=receipt.reason,
    )
    metrics.add_metric(name=f"batches_{receipt.outcome.value}", unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()
    return receipt.model_dump(mode="json", exclude_none=True)
