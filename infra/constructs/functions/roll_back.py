"""Gives the traffic back to the previous version."""

from collections.abc import Mapping

from constructs import Construct

from infra.constructs.champion_alarms import ChampionAlarms
from infra.constructs.event_rule import EventRule, raised_alarms
from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from pipelines.spec import ModelFolder
from trimtab import names
from trimtab.api.routes import of_function


class RollBack(Construct):
    """Woken by people over HTTP, and by the alarms of every model's champion, which it defines."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        foundation: Foundation,
        api: HttpApi,
        models: Mapping[str, ModelFolder],
    ) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(self, "Function", name="roll_back", foundation=foundation)
        api.route(self.function, *of_function("roll_back"))
        EventRule(
            self,
            "AlarmRaised",
            to=self.function,
            pattern=raised_alarms(names.CHAMPION_ALARM.format(stage=foundation.settings.stage)),
        )
        for model, folder in models.items():
            limits = folder.spec.release.alarms
            ChampionAlarms(
                self, f"Alarms-{model}", foundation=foundation, model=model, limits=limits
            )
        self._allow(foundation)

    def _allow(self, foundation: Foundation) -> None:
        stage = foundation.settings.stage
        endpoints = f"{names.SERVING_PREFIX}-{stage}-*"
        foundation.store.grant_change_state(self.function.role)
        foundation.store.grant_drop_index_entries(self.function.role)
        self.function.allow_publishing()
        self.function.allow_proving_endpoints()
        self.function.allow(
            "sagemaker:DescribeEndpoint", on=[arn(self, "sagemaker", f"endpoint/{endpoints}")]
        )
        self.function.allow(
            "ssm:PutParameter",
            on=[arn(self, "ssm", f"parameter{names.champion_parameter(stage, '*')}")],
        )
