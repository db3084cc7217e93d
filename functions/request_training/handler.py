"""Woken by DatasetAccepted, TrainingFinished and POST /v1/models/{model}/training."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.request_training.schema import ACTOR, parse
from functions.request_training.weighing import Weighing
from trimtab.api.bodies import TrainingWish
from trimtab.domain.events import DatasetAccepted
from trimtab.domain.training import Cause, CauseKind, Decision
from trimtab.http import accepted, api, body_json, caller
from trimtab.observability import logger
from trimtab.runtime import get_runtime

app = api()


@app.post("/v1/models/<model>/training")
def ask(model: str) -> Response[str]:
    """Serve a person's wish for a training run."""
    wish = body_json(app, TrainingWish)
    key = f"person-{app.current_event.request_context.request_id}"
    cause = Cause(
        kind=CauseKind.person, key=key, actor=caller(app), reason=wish.reason, plan=wish.plan
    )
    weighing = Weighing(get_runtime(), model)
    decision = weighing.weigh(cause)
    weighing.insist_on_start(decision)
    return accepted(
        {
            "decision": decision.kind,
            "reason": decision.reason,
            "request_id": decision.request_id,
            "dataset_version": decision.dataset_version,
        }
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request, or weigh what an event tells."""
    if "requestContext" in event:
        return app.resolve(event, context)
    decision = _weigh(event)
    return {"decision": decision.kind, "reason": decision.reason} if decision else {}


def _weigh(event: dict[str, Any]) -> Decision | None:
    detail = parse(event)
    weighing = Weighing(get_runtime(), detail.model)
    if not isinstance(detail, DatasetAccepted):
        return weighing.weigh_waiting(detail.request_id)
    return weighing.weigh(
        Cause(
            kind=CauseKind.new_data,
            key=f"dataset-{detail.dataset_version}",
            actor=ACTOR,
            reason=detail.reason,
            dataset_version=detail.dataset_version,
        )
    )
