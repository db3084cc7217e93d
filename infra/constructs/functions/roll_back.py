"""Gives the traffic back to the previous version."""

from collections.abc import Mapping

from constructs import Construct

from infra.constructs.champion_alarms import ChampionAlarms
from infra.constructs.event_rule import EventRule, endpoints_settled, raised_alarms
from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from infra.constructs.serving_role import ServingRole
from pipelines.spec import ModelFolder
from trimtab import names
from trimtab.api.routes import of_function


class RollBack(Construct):
    """Woken by people, by the alarms of every model's champion, which it defines, and by endpoints in service."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        foundation: Foundation,
        api: HttpApi,
        serving: ServingRole,
        models: Mapping[str, ModelFolder],
    ) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self,
            "Function",
            name="roll_back",
            foundation=foundation,
            environment={"TRIMTAB_SERVING_ROLE_ARN": serving.role.role_arn},
        )
        api.route(self.function, *of_function("roll_back"))
        EventRule(
            self,
            "AlarmRaised",
            to=self.function,
            pattern=raised_alarms(names.CHAMPION_ALARM.format(stage=foundation.settings.stage)),
        )
        EventRule(
            self,
            "EndpointSettled",
            to=self.function,
            pattern=endpoints_settled(foundation.settings.stage),
        )
        for model, folder in models.items():
            limits = folder.spec.release.alarms
            ChampionAlarms(
                self, f"Alarms-{model}", foundation=foundation, model=model, limits=limits
            )
        self._allow(foundation, serving)

    def _allow(self, foundation: Foundation, serving: ServingRole) -> None:
        stage = foundation.settings.stage
        foundation.store.grant_change_state(self.function.role)
        foundation.store.grant_drop_index_entries(self.function.role)
        self.function.allow_publishing()
        self.function.allow_proving_endpoints()
        serving.allow_making_endpoints(self.function)
        self.function.allow(
            "ssm:PutParameter",
            on=[arn(self, "ssm", f"parameter{names.champion_parameter(stage, '*')}")],
        )
