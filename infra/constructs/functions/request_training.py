"""Decides whether a model is trained, and starts its pipeline."""

from constructs import Construct

from infra.constructs.event_rule import EventRule, trimtab_events
from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from trimtab import names
from trimtab.api.routes import of_function


class RequestTraining(Construct):
    """Woken by a new dataset version, by the end of a training, and by people over HTTP."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation, api: HttpApi) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self, "Function", name="request_training", foundation=foundation
        )
        EventRule(
            self,
            "CauseGiven",
            to=self.function,
            bus=foundation.bus,
            pattern=trimtab_events("DatasetAccepted", "TrainingFinished"),
        )
        api.route(self.function, *of_function("request_training"))
        self._allow(foundation)

    def _allow(self, foundation: Foundation) -> None:
        ours = names.pipeline_name(foundation.settings.stage, "*")
        foundation.store.grant_change_state(self.function.role)
        self.function.allow_publishing()
        self.function.allow(
            "sagemaker:StartPipelineExecution", on=[arn(self, "sagemaker", f"pipeline/{ours}")]
        )
