"""Says that something is wrong with a model's champion: to people, and to the function that rolls back."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from infra.constructs.foundation import Foundation
from trimtab import names
from trimtab.domain.metrics import FAILED_REQUESTS, LATENCY, NAMESPACE
from trimtab.domain.model import Alarms

WATCHED, BREACHING = 3, 2  # minutes: one bad minute is not yet a bad version


class ChampionAlarms(Construct):
    """Two alarms of a model, on what inference_api measures: its champion fails, or is slow.

    They watch the model, whichever version answers, since versions come without a deployment; roll_back knows by
    the time which champion an alarm is about.
    """

    def __init__(
        self, scope: Construct, id: str, *, foundation: Foundation, model: str, limits: Alarms
    ) -> None:
        super().__init__(scope, id)
        self._foundation, self._model = foundation, model
        self._alarm(
            "failing",
            f"more than {limits.failed_share:.4g} of requests to {model} have no usable answer",
            self._metric(FAILED_REQUESTS, "Average"),
            limits.failed_share,
        )
        self._alarm(
            "slow",
            f"5 % of answers of {model} take more than {limits.latency_ms} ms",
            self._metric(LATENCY, "p95"),
            limits.latency_ms,
        )

    def _metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        stage = self._foundation.settings.stage
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"model": self._model, "service": "inference_api", "stage": stage},
            statistic=statistic,
            period=Duration.minutes(1),
        )

    def _alarm(self, what: str, says: str, metric: cloudwatch.Metric, limit: float) -> None:
        alarm = cloudwatch.Alarm(
            self,
            what.title(),
            alarm_name=names.champion_alarm(self._foundation.settings.stage, self._model, what),
            alarm_description=f"{says}, in {BREACHING} of {WATCHED} minutes; roll_back acts on it",
            metric=metric,
            threshold=limit,
            evaluation_periods=WATCHED,
            datapoints_to_alarm=BREACHING,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._foundation.alarms))
