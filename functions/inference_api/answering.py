"""Has a request answered: by the version that the route chooses or, where its endpoint takes none, by another."""

from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from functions.inference_api.measuring import Measuring
from functions.inference_api.schema import Request
from trimtab.aws.invocations import Invocations
from trimtab.domain.metrics import FALLBACK_ANSWERS
from trimtab.domain.model import ModelSpec
from trimtab.domain.routing import Route, Target, choose
from trimtab.errors import EndpointError, NotReady
from trimtab.observability import metrics
from trimtab.runtime import Runtime


@dataclass(frozen=True)
class Answer:
    """What was predicted, and by whom."""

    predictions: list[Any]
    version: int
    fallback_from: int | None = None  # the version that should have answered, if another one did


class Answering:
    """Asks the endpoints of one model."""

    def __init__(self, runtime: Runtime, spec: ModelSpec, route: Route) -> None:
        self._stage = runtime.settings.stage
        self._invocations = Invocations(runtime.sagemaker_runtime)
        self._spec = spec
        self._route = route

    def answer(self, request: Request) -> Answer:
        """Return the predictions. Raises EndpointError where nobody answers.

        The version that the route chooses is measured whether another answers in its stead or not: its alarm rings all
        the same.
        """
        name, rows = self._spec.name, request.rows
        target = choose(self._route, name, rows.entity or request.inference_id)
        measuring = Measuring.of(self._stage, name, target.version, self._route)
        try:
            with measuring.measured(inference_id=request.inference_id, rows=len(rows.values)):
                return Answer(self._ask(target, request), target.version)
        except NotReady:
            instead = self._route.instead_of(target)
            if instead is None or self._spec.release.fallback == "none":
                raise
            if (answer := self._from(instead, target, request)) is None:
                raise
            return answer

    def _from(self, instead: Target, target: Target, request: Request) -> Answer | None:
        """What another version answers, or None if it does not answer either: the first one's refusal is told then."""
        try:
            predictions = self._ask(instead, request)
        except EndpointError:
            return None
        metrics.add_dimension(name="stage", value=self._stage)
        metrics.add_dimension(name="model", value=self._spec.name)
        metrics.add_metric(name=FALLBACK_ANSWERS, unit=MetricUnit.Count, value=1)
        metrics.flush_metrics()
        return Answer(predictions, instead.version, target.version)

    def _ask(self, target: Target, request: Request) -> list[Any]:
        rows, features = request.rows.values, self._spec.features
        return self._invocations.predict(target, features, rows, request.inference_id)
