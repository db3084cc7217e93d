"""Returns the traffic to the version before: for a person (POST /v1/models/{model}/rollback) or a champion's alarm."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.roll_back.resuming import resume
from functions.roll_back.retreat import Retreat
from functions.roll_back.schema import EndpointStateChange, read
from functions.roll_back.why import Came
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
    """Answer API Gateway, act on an alarm, or go on with what waited; the same event twice does no harm."""
    if "requestContext" in event:
        return app.resolve(event, context)
    alarm = read(event)
    if isinstance(alarm, EndpointStateChange):
        sentence = resume(get_runtime(), alarm.endpoint_name)
        logger.info("endpoint settled", endpoint=alarm.endpoint_name, sentence=sentence)
        return {"sentence": sentence}
    get_runtime().models.get(alarm.model)
    sentence = Retreat(get_runtime()).follow(alarm)
    logger.info("alarm answered", model=alarm.model, alarm=alarm.alarm_name, sentence=sentence)
    return {"sentence": sentence}


def _answer(model: str, came: Came) -> RollBackAnswer:
    at = came.at.isoformat(timespec="seconds")
    return RollBackAnswer(
        model=model,
        version=came.version,
        from_version=came.left,
        endpoint_name=names.endpoint_name(get_runtime().settings.stage, model, came.version),
        changed=came.changed,
        waits=came.waits,
        at=at,
        sentence=_sentence(model, came, at),
    )


def _sentence(model: str, came: Came, at: str) -> str:
    version = f"Version {came.version} of {model}"
    if came.waits:
        return (
            f"{version} has no endpoint any more: it is made again from the version's artifact, and all requests"
            f" move once it answers as in the evaluation. Version {came.left} answers until then."
        )
    if came.changed:
        return f"{version} answers all requests again; version {came.left} is blocked."
    return (
        f"{version} answers all requests already, since {at}; version {came.left} is blocked."
        f" To go back further, send from_version {came.version}."
    )
