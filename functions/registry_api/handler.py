"""Answers MLflow's clients, and our own API: a request loads only the half that it asks."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.registry_api.mlflow import dispatch
from trimtab.observability import logger


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer API Gateway."""
    if dispatch.serves(event.get("rawPath", "")):
        return dispatch.answer(event)
    from functions.registry_api.v1 import app  # noqa: PLC0415 (MLflow's clients need none of it)

    return app.resolve(event, context)
