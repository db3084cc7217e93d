"""Woken by every object version that is created under incoming/, and by people who close a quarantine."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.validate_dataset.closing import Quarantine
from functions.validate_dataset.intake import Intake
from functions.validate_dataset.schema import job_of, read
from functions.validate_dataset.telling import events_of
from trimtab.api.bodies import Reasoned
from trimtab.domain.datasets import Receipt
from trimtab.http import api, body_json, caller
from trimtab.observability import logger, metrics
from trimtab.runtime import get_runtime

app = api()


@app.post("/v1/models/<model>/quarantine/<receipt>/release")
def release(model: str, receipt: str) -> dict[str, Any]:
    """Make a batch of a quarantined object after all."""
    why, actor = body_json(app, Reasoned), caller(app)
    return _closed(
        Quarantine(get_runtime()).release(model, receipt, actor=actor, reason=why.reason)
    )


@app.post("/v1/models/<model>/quarantine/<receipt>/reject")
def reject(model: str, receipt: str) -> dict[str, Any]:
    """Keep a quarantined object out for good."""
    why, actor = body_json(app, Reasoned), caller(app)
    return _closed(Quarantine(get_runtime()).reject(model, receipt, actor=actor, reason=why.reason))


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request, or take in the object that an event tells of."""
    if "requestContext" in event:
        return app.resolve(event, context)
    return _receive(event)


def _closed(receipt: Receipt) -> dict[str, Any]:
    # Also where it was closed before: whoever closed it may have died before the telling.
    runtime = get_runtime()
    for news in events_of(receipt, runtime):
        runtime.bus.publish(news)
    return receipt.model_dump(mode="json", exclude_none=True)


def _receive(event: dict[str, Any]) -> dict[str, Any]:
    """Decide what becomes of the object, once; an event that comes again is told what was decided."""
    runtime = get_runtime()
    intake, job = Intake(runtime), job_of(event)
    if job is None:
        receipt = intake.receive(read(event, bucket=runtime.settings.bucket))
    elif (found := intake.take_back(job)) is not None:
        receipt = found
    else:
        return {}
    # After the commit, and again with every repetition of the event: it may have died just before.
    for news in events_of(receipt, runtime):
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
