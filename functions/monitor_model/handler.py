"""Woken every hour: counts what arrived of each model's champion, and judges the windows that are over."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.monitor_model.schema import insist_on_tick
from functions.monitor_model.watching import Watching
from trimtab.errors import Fault, TrimtabError
from trimtab.observability import logger
from trimtab.runtime import get_runtime


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Look at every model; the same hour twice counts once. One that cannot be looked at keeps no other from it."""
    insist_on_tick(event)
    runtime, judged, failed = get_runtime(), {}, []
    for name, spec in runtime.models.all().items():
        try:
            judged[name] = Watching(runtime, spec).look()
        except TrimtabError as error:
            logger.exception("not looked at", model=name)
            failed.append(f"{name}: {error.message}")
    if failed:
        raise Fault("; ".join(failed))
    return {"windows": judged}
