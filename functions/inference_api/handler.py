"""POST /v1/models/{model}/invocations: predictions by the version that the route chooses."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.inference_api.answering import Answering
from functions.inference_api.capturing import keep
from functions.inference_api.schema import FALLBACK_HEADER, ID_HEADER, VERSION_HEADER, read
from trimtab.domain.captures import Answered
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
    request = read(app, spec, runtime.new_timed_id())
    route = runtime.routes.get(model)
    if route is None:
        raise Conflict(
            f"no version of {model} answers yet",
            hint=f"GET /v1/models/{model} tells how far its first version is",
        )
    answer = Answering(runtime, spec, route).answer(request)
    answered = Answered(
        version=answer.version,
        inference_id=request.inference_id,
        at=runtime.clock.now(),
        rows=request.rows.values,
        predictions=answer.predictions,
        fallback_from=answer.fallback_from,
    )
    keep(runtime, spec, answered)
    told = {
        "predictions": answer.predictions,
        "model": model,
        "version": answer.version,
        "inference_id": request.inference_id,
        "fallback_from": answer.fallback_from,
    }
    headers = {VERSION_HEADER: str(answer.version), ID_HEADER: request.inference_id}
    if answer.fallback_from:
        headers[FALLBACK_HEADER] = str(answer.fallback_from)
    return Response(200, "application/json", json.dumps(told), headers)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer API Gateway."""
    return app.resolve(event, context)
