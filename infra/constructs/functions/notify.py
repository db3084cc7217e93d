"""Tells people what happened that they may want to act on."""

from constructs import Construct

from infra.constructs.event_rule import EventRule, trimtab_events
from infra.constructs.foundation import Foundation
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from trimtab import names
from trimtab.domain.notifications import TELLS


class Notify(Construct):
    """Woken by the events of the bus that somebody should know of."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation) -> None:
        super().__init__(scope, id)
        topic, stage = foundation.alarms, foundation.settings.stage
        self.function = PlatformFunction(
            self,
            "Function",
            name="notify",
            foundation=foundation,
            environment={"TRIMTAB_TOPIC_ARN": topic.topic_arn},
        )
        told = sorted(event.__name__ for event in TELLS)
        pattern = trimtab_events(*told)
        EventRule(self, "Told", to=self.function, bus=foundation.bus, pattern=pattern)
        foundation.store.grant_change_state(self.function.role)
        foundation.store.grant_publish(self.function.role, topic)
        parameter = f"parameter{names.webhooks_parameter(stage)}"
        self.function.allow("ssm:GetParameter", on=[arn(self, "ssm", parameter)])
