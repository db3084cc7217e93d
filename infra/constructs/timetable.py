"""What wakes a function by the clock."""

import json
from typing import Any, NamedTuple

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.constructs.event_rule import DELIVERY_ATTEMPTS
from infra.constructs.platform_function import EVENT_AGE, PlatformFunction
from infra.constructs.rights import allow

DUE = "<aws.scheduler.scheduled-time>"  # EventBridge Scheduler puts in when it was due, in every attempt the same


class Time(NamedTuple):
    """When what is to be handed over."""

    id: str  # of the construct
    name: str
    expression: str
    event: dict[str, Any]
    zone: str = "UTC"


class Timetable(Construct):
    """Schedules that hand events to a function; what cannot be handed over is a dead letter of its."""

    def __init__(self, scope: Construct, id: str, *, to: PlatformFunction) -> None:
        super().__init__(scope, id)
        self._to = to
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
            description=f"Wakes {to.function_name} by the clock",
        )
        self._role.add_to_policy(allow(["lambda:InvokeFunction"], [to.function.function_arn]))
        self._role.add_to_policy(allow(["sqs:SendMessage"], [to.dead_letters.queue_arn]))

    def add(self, time: Time) -> None:
        """Hand the function the event whenever its expression is due in its time zone."""
        schedule = scheduler.CfnSchedule(
            self,
            time.id,
            name=time.name,
            schedule_expression=time.expression,
            schedule_expression_timezone=time.zone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._to.function.function_arn,
                role_arn=self._role.role_arn,
                input=json.dumps(time.event),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=self._to.dead_letters.queue_arn
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=int(EVENT_AGE.to_seconds()),
                    maximum_retry_attempts=DELIVERY_ATTEMPTS,
                ),
            ),
        )
        # A schedule that fires before its role may do anything would fill the dead letters.
        schedule.node.add_dependency(self._role)
