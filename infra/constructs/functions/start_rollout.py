"""Puts an approved version on an endpoint and, when that is up, gives it the traffic."""

from constructs import Construct

from infra.constructs.event_rule import EventRule, sagemaker_events, trimtab_events
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
        self._ours = f"{names.SERVING_PREFIX}-{foundation.settings.stage}-"
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
            pattern=sagemaker_events(
                "SageMaker Endpoint State Change",
                EndpointName=[{"prefix": self._ours}],
                EndpointStatus=["IN_SERVICE", "FAILED"],
            ),
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
        self._allow_serving(serving)

    def _allow_serving(self, serving: ServingRole) -> None:
        model, config, endpoint = (
            arn(self, "sagemaker", f"{kind}/{self._ours}*")
            for kind in ("model", "endpoint-config", "endpoint")
        )
        self.function.allow("sagemaker:CreateModel", "sagemaker:DescribeModel", on=[model])
        self.function.allow(
            "sagemaker:CreateEndpointConfig", "sagemaker:DescribeEndpointConfig", on=[config]
        )
        # CreateEndpoint is checked against the endpoint and the config it is made from.
        self.function.allow("sagemaker:CreateEndpoint", on=[endpoint, config])
        self.function.allow("sagemaker:DescribeEndpoint", on=[endpoint])
        self.function.allow(
            "iam:PassRole",
            on=[serving.role.role_arn],
            when={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
