"""POST /v1/models/{model}/invocations: predictions by the version that the route chooses."""

import json
import random
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.inference_api.measuring import measured
from functions.inference_api.schema import (
    ID_HEADER,
    VERSION_HEADER,
    checked,
    inference_id,
    read_body,
)
from trimtab.aws.invocations import Invocations
from trimtab.aws.routes import Routes
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
    body = read_body(app)
    rows = checked(body, spec)
    known_as = inference_id(app, body, runtime.new_id())
    route = Routes(runtime.table).get(model)
    if route is None:
        raise Conflict(
            f"no version of {model} answers yet",
            hint=f"GET /v1/models/{model} tells how far its first version is",
        )
    target = choose(route, random.random())  # noqa: S311 (a share of traffic, not a secret)
    with measured(runtime.settings.stage, model, target.version):
        predictions = Invocations(runtime.sagemaker_runtime).predict(
            target, spec.features, rows, known_as
        )
    answer = {
        "predictions": predictions,
        "model": model,
        "version": target.version,
        "inference_id": known_as,
    }
    headers = {VERSION_HEADER: str(target.version), ID_HEADER: known_as}
    logger.info("predicted", model=model, version=target.version, rows=len(rows))
    return Response(200, "application/json", json.dumps(answer), headers)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer API Gateway."""
    return app.resolve(event, context)
