"""Woken every minute, and by people: POST /v1/models/{model}/rollouts/{version}/{pause|resume|promote|abort|retry}."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.advance_rollout.looking import Looking
from functions.advance_rollout.orders import Orders
from functions.advance_rollout.previewing import preview
from functions.advance_rollout.schema import ORDERS, insist_on_tick
from trimtab.api.bodies import Reasoned, RolloutAnswer, RolloutPreviewWish
from trimtab.http import api, body_json, caller
from trimtab.observability import logger
from trimtab.runtime import get_runtime

app = api()


def _register(order: str) -> None:
    @app.post(f"/v1/models/<model>/rollouts/<version>/{order}")
    def obey(model: str, version: str) -> dict[str, Any]:
        runtime = get_runtime()
        actor, request = caller(app), body_json(app, Reasoned)
        runtime.models.get(model)
        answer: RolloutAnswer = Orders(runtime).obey(
            order, model, version, actor=actor, reason=request.reason
        )
        return answer.model_dump(mode="json")


@app.post("/v1/models/<model>/rollouts/preview")
def preview_rollouts(model: str) -> dict[str, Any]:
    """Answer what a policy would have made of the model's releases."""
    wish = body_json(app, RolloutPreviewWish)
    return preview(get_runtime(), model, wish).model_dump(mode="json")


for _order in ORDERS:
    _register(_order)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer API Gateway, or look at all rollouts that take steps; the same minute twice counts once."""
    if "requestContext" in event:
        return app.resolve(event, context)
    insist_on_tick(event)
    return {"looked_at": Looking(get_runtime()).look_at_all()}
