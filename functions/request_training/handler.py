"""Woken by causes of training (bus, schedules, POST /v1/models/{model}/training), by runs' ends, labels and ticks."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.request_training import reruns
from functions.request_training.causes import cause_of
from functions.request_training.plans import insist_on_possible
from functions.request_training.schema import Tick, Told, parse
from functions.request_training.weighing import Weighing
from trimtab.api.bodies import TrainingWish
from trimtab.domain.events import LabelsCollected, TrainingFinished
from trimtab.domain.training import Cause, CauseKind, Decision
from trimtab.http import accepted, api, body_json, caller
from trimtab.observability import logger
from trimtab.runtime import get_runtime

app = api()
reruns.register(app)


@app.post("/v1/models/<model>/training")
def ask(model: str) -> Response[str]:
    """Serve a person's wish for a training run."""
    wish = body_json(app, TrainingWish)
    cause = Cause(
        kind=CauseKind.person,
        key=f"person-{app.current_event.request_context.request_id}",
        actor=caller(app),
        reason=wish.reason,
        plan=wish.plan,
        force=wish.force,
    )
    weighing = Weighing(get_runtime(), model)
    insist_on_possible(get_runtime(), model, wish.plan)
    decision = weighing.weigh(cause)
    weighing.insist_on_start(decision)
    return accepted(
        {
            "decision": decision.kind,
            "reason": decision.reason,
            "request_id": decision.request_id,
            "dataset_version": decision.dataset_version,
            "waits_for": decision.waits_for,
            "until": decision.until and decision.until.isoformat(),
        }
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request, or weigh what an event tells."""
    if "requestContext" in event:
        return app.resolve(event, context)
    decisions = _weigh(parse(event))
    return {"decisions": [{"decision": one.kind, "reason": one.reason} for one in decisions]}


def _weigh(detail: Told) -> tuple[Decision, ...]:
    if isinstance(detail, Tick):
        return _tick(detail)
    weighing = Weighing(get_runtime(), detail.model)
    match detail:
        case TrainingFinished():
            decisions = weighing.weigh_waiting(f"finished-{detail.request_id}")
            cause = reruns.next_to_measure(get_runtime(), detail.model, detail.request_id)
            return decisions if cause is None else (*decisions, weighing.weigh(cause))
        case LabelsCollected():
            return weighing.weigh_waiting(f"labels-{detail.total}", labels=detail.total)
        case _:
            return (weighing.weigh(cause_of(detail)),)


def _tick(tick: Tick) -> tuple[Decision, ...]:
    """Weigh what waits, of one model or of all; one that fails keeps no other from being weighed."""
    failures: list[Exception] = []
    decisions: list[Decision] = []
    for model in [tick.model] if tick.model else sorted(get_runtime().models.all()):
        try:
            decisions += Weighing(get_runtime(), model).weigh_waiting(
                f"tick-{tick.due:%Y%m%dT%H%M%SZ}"
            )
        except Exception as failure:  # told to Lambda below, which repeats the tick
            logger.exception("a model's tick failed", model=model)
            failures.append(failure)
    if failures:
        raise ExceptionGroup(f"the tick failed for {len(failures)} models", failures)
    return tuple(decisions)
