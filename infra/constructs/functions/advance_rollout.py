"""Looks at rollouts that take steps, and does what people say about one."""

from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from infra.constructs.serving_role import ServingRole
from infra.constructs.timetable import DUE, Time, Timetable
from trimtab import names
from trimtab.api.routes import of_function

EVERY = "rate(1 minute)"  # a look judges minutes; while no rollout takes steps, it is one query


class AdvanceRollout(Construct):
    """Woken every minute, and by people over HTTP."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        foundation: Foundation,
        api: HttpApi,
        serving: ServingRole,
    ) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self,
            "Function",
            name="advance_rollout",
            foundation=foundation,
            environment={"TRIMTAB_SERVING_ROLE_ARN": serving.role.role_arn},
        )
        api.route(self.function, *of_function("advance_rollout"))
        event = {"detail-type": "Tick", "detail": {"due": DUE}}
        timetable = Timetable(self, "Timetable", to=self.function)
        timetable.add(Time("Tick", names.rollout_tick(foundation.settings.stage), EVERY, event))
        self._allow(foundation, serving)

    def _allow(self, foundation: Foundation, serving: ServingRole) -> None:
        stage = foundation.settings.stage
        foundation.store.grant_change_state(self.function.role)
        foundation.store.grant_drop_index_entries(self.function.role)
        self.function.allow_publishing()
        self.function.allow_proving_endpoints()
        self.function.allow("cloudwatch:GetMetricStatistics", on=["*"])
        serving.allow_making_endpoints(self.function)
        self.function.allow(
            "ssm:PutParameter",
            on=[arn(self, "ssm", f"parameter{names.champion_parameter(stage, '*')}")],
        )
