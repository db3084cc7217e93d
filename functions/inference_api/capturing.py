"""Keeps what was asked and answered, and counts what could not be kept."""

from aws_lambda_powertools.metrics import MetricUnit

from trimtab.domain.captures import Answered, capture
from trimtab.domain.metrics import CAPTURES_DROPPED
from trimtab.domain.model import ModelSpec
from trimtab.observability import metrics
from trimtab.runtime import Runtime


def keep(runtime: Runtime, spec: ModelSpec, answered: Answered) -> None:
    """Capture an answer, in one call with a short patience; an answer that is not captured whole counts as dropped."""
    lines = capture(answered, spec, runtime.new_id())
    if runtime.captures.put(lines):
        return
    metrics.add_dimension(name="stage", value=runtime.settings.stage)
    metrics.add_dimension(name="model", value=spec.name)
    metrics.add_metadata(key="inference_id", value=answered.inference_id)
    metrics.add_metric(name=CAPTURES_DROPPED, unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()
