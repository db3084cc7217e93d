"""Say that a model's traffic drifts, or that its quality is lost, as long as it is so."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from infra.constructs.foundation import Foundation
from trimtab import names
from trimtab.domain.metrics import DRIFT_INCIDENTS, NAMESPACE, QUALITY_BREACHED

WATCHED = {
    "drift": (DRIFT_INCIDENTS, "the live traffic of {} drifts"),
    "quality": (QUALITY_BREACHED, "the quality of {} is lost, by its labels"),
}


class MonitorAlarms(Construct):
    """Two alarms of a model, on what monitor_model tells with each window; no window says that it is over."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation, model: str) -> None:
        super().__init__(scope, id)
        stage = foundation.settings.stage
        for what, (metric, says) in WATCHED.items():
            alarm = cloudwatch.Alarm(
                self,
                what.title(),
                alarm_name=names.monitor_alarm(stage, model, what),
                alarm_description=f"{says.format(model)}: trimtab models report {model}",
                metric=cloudwatch.Metric(
                    namespace=NAMESPACE,
                    metric_name=metric,
                    dimensions_map={"model": model, "service": "monitor_model", "stage": stage},
                    statistic="Maximum",
                    period=Duration.hours(1),
                ),
                threshold=0,
                evaluation_periods=1,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
            )
            alarm.add_alarm_action(actions.SnsAction(foundation.alarms))
