"""Says that answers of a model are not captured: drift and quality are then judged on a part of them."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from infra.constructs.foundation import Foundation
from trimtab import names
from trimtab.domain.metrics import CAPTURES_DROPPED, NAMESPACE, SERVICE

MINUTES = 5
WATCHED, BREACHING = 3, 2  # periods: one capture that Firehose did not take is no news


class CaptureAlarm(Construct):
    """One alarm of a model, on what inference_api could not hand over."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation, model: str) -> None:
        super().__init__(scope, id)
        stage = foundation.settings.stage
        alarm = cloudwatch.Alarm(
            self,
            "Dropped",
            alarm_name=names.capture_alarm(stage, model),
            alarm_description=f"answers of {model} were not captured in {BREACHING} of {WATCHED} times {MINUTES} minutes",
            metric=cloudwatch.Metric(
                namespace=NAMESPACE,
                metric_name=CAPTURES_DROPPED,
                dimensions_map={"model": model, "service": SERVICE, "stage": stage},
                statistic="Sum",
                period=Duration.minutes(MINUTES),
            ),
            threshold=0,
            evaluation_periods=WATCHED,
            datapoints_to_alarm=BREACHING,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(foundation.alarms))
