"""Woken by the final state of a pipeline execution and by every change of a model package."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.record_training.executions import record_execution
from functions.record_training.packages import record_package
from functions.record_training.schema import ExecutionDetail, parse
from trimtab.observability import logger
from trimtab.runtime import get_runtime


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Record what SageMaker says of the execution or the package now."""
    detail = parse(event)
    if isinstance(detail, ExecutionDetail):
        request = record_execution(get_runtime(), detail)
        return {"request_id": request.request_id, "phase": request.phase} if request else {}
    version = record_package(get_runtime(), detail)
    return {"version": version.version, "status": version.status.value} if version else {}
