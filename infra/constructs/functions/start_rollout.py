"""Puts an approved version on an endpoint and, when that is up, gives it the traffic."""

from constructs import Construct

from infra.constructs.event_rule import EventRule, endpoints_settled, trimtab_events
from infra.constructs.foundation import Foundation
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from infra.constructs.serving_role import ServingRole
from trimtab import names


class StartRollout(Construct):
    """Woken by the approval of a version, by the end of its endpoint's start, and by the end of another's rollout."""

    def __init__(
        self, scope: Construct, id: str, *, foundation: Foundation, serving: ServingRole
    ) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self,
            "Function",
            name="start_rollout",
            foundation=foundation,
            environment={"TRIMTAB_SERVING_ROLE_ARN": serving.role.role_arn},
        )
        EventRule(
            self,
            "VersionApproved",
            to=self.function,
            bus=foundation.bus,
            pattern=trimtab_events("VersionApproved"),
        )
        EventRule(
            self,
            "EndpointSettled",
            to=self.function,
            pattern=endpoints_settled(foundation.settings.stage),
        )
        EventRule(
            self,
            "RolloutEnded",
            to=self.function,
            bus=foundation.bus,
            pattern=trimtab_events("RolloutPromoted", "RolloutRolledBack"),
        )
        self._allow(foundation, serving)

    def _allow(self, foundation: Foundation, serving: ServingRole) -> None:
        stage = foundation.settings.stage
        foundation.store.grant_change_state(self.function.role)
        self.function.allow_publishing()
        self.function.allow_proving_endpoints()
        self.function.allow("cloudwatch:GetMetricStatistics", on=["*"])
        self.function.allow(
            "ssm:PutParameter",
            on=[arn(self, "ssm", f"parameter{names.champion_parameter(stage, '*')}")],
        )
        serving.allow_making_endpoints(self.function)
