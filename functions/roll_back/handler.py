"""Returns the traffic to the version before: for a person (POST /v1/models/{model}/rollback) or a champion's alarm."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.roll_back.retreat import Came, Retreat
from functions.roll_back.schema import read
from trimtab import names
from trimtab.api.bodies import RollBackAnswer, RollBackRequest
from trimtab.http import api, body_json, caller
from trimtab.observability import logger
from trimtab.runtime import get_runtime

app = api()


@app.post("/v1/models/<model>/rollback")
def roll_back(model: str) -> dict[str, Any]:
    """Answer where the traffic is now, and whether this request moved it."""
    runtime = get_runtime()
    actor, request = caller(app), body_json(app, RollBackRequest)
    runtime.models.get(model)
    came = Retreat(runtime).roll_back(
        model, actor=actor, reason=request.reason, expected=request.from_version
    )
    return _answer(model, came).model_dump(mode="json")


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer API Gateway, or act on an alarm; the same event twice does no harm."""
    if "requestContext" in event:
        return app.resolve(event, context)
    alarm = read(event)
    get_runtime().models.get(alarm.model)
    sentence = Retreat(get_runtime()).follow(alarm)
    logger.info("alarm answered", model=alarm.model, alarm=alarm.alarm_name, sentence=sentence)
    return {"sentence": sentence}


def _answer(model: str, came: Came) -> RollBackAnswer:
    at = came.at.isoformat(timespec="seconds")
    told = (
        "answers all requests again"
        if came.changed
        else f"answers all requests already, since {at}"
    )
    return RollBackAnswer(
        model=model,
        version=came.version,
        from_version=came.left,
        endpoint_name=names.endpoint_name(get_runtime().settings.stage, model, came.version),
        changed=came.changed,
        at=at,
        sentence=f"Version {came.version} of {model} {told}; version {came.left} is blocked."
        + ("" if came.changed else f" To go back further, send from_version {came.version}."),
    )
