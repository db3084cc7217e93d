"""Woken by the events of the bus that somebody should know of."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.notify.schema import read
from functions.notify.telling import Telling
from trimtab.observability import logger
from trimtab.runtime import get_runtime


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Tell everybody who is to know, each once however often the event comes; returns who was told now."""
    told = read(event)
    receivers = Telling(get_runtime()).tell(told) if told else []
    logger.info("notified", event=event.get("detail-type"), receivers=receivers)
    return {"told": receivers}
