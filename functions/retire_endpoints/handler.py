"""Woken every hour."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.retire_endpoints.retiring import Retiring
from trimtab.observability import logger
from trimtab.runtime import get_runtime


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Retire what is due now, whatever hour the event tells of; the same event twice does no harm."""
    retired = Retiring(get_runtime()).retire_all()
    logger.info("endpoints retired", endpoints=retired)
    return {"retired": retired}
