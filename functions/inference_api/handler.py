"""POST /v1/models/{model}/invocations: predictions by the version that the route chooses."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.inference_api.capturing import keep
from functions.inference_api.measuring import Measuring
from functions.inference_api.schema import ID_HEADER, VERSION_HEADER, read
from trimtab.aws.invocations import Invocations
from trimtab.domain.captures import Answered
from trimtab.domain.routing import choose
from trimtab.errors import Conflict
from trimtab.http import api
from trimtab.observability import logger
from trimtab.runtime import get_runtime

app = api()


@app.post("/v1/models/<model>/invocations")
def predict(model: str) -> Response[str]:
    """Answer the predictions, which version made them, and the id under which a label can come later."""
    runtime = get_runtime()
    spec = runtime.models.get(model)
    request = read(app, spec, runtime.new_id())
    route = runtime.routes.get(model)
    if route is None:
        raise Conflict(
            f"no version of {model} answers yet",
            hint=f"GET /v1/models/{model} tells how far its first version is",
        )
    target = choose(route, model, request.rows.entity or request.inference_id)
    with Measuring.of(runtime.settings.stage, model, target.version, route).measured(
        inference_id=request.inference_id, rows=len(request.rows.values)
    ):
        predictions = Invocations(runtime.sagemaker_runtime).predict(
            target, spec.features, request.rows.values, request.inference_id
        )
    rows, known_as = request.rows.values, request.inference_id
    now = runtime.clock.now()
    keep(runtime, spec, Answered(target.version, known_as, now, rows, predictions))
    answer = {
        "predictions": predictions,
        "model": model,
        "version": target.version,
        "inference_id": request.inference_id,
    }
    headers = {VERSION_HEADER: str(target.version), ID_HEADER: request.inference_id}
    return Response(200, "application/json", json.dumps(answer), headers)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer API Gateway."""
    return app.resolve(event, context)
