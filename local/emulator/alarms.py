"""Evaluates CloudWatch alarms on the local clock and carries their changes to EventBridge, SNS and Lambda.

An alarm is judged when data arrive that can change it, and at the end of each minute of local time. After an advance
every skipped minute is judged in order, so an alarm that would have fired in between fires.
"""

import json
import logging
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack.services import cloudwatch, sns, sqs

from local.clock import LocalClock, clock_module
from local.emulator import event_targets
from local.emulator.alarm_rules import EXTRA_PERIODS, Datapoint, Judgement, Rule, judge
from local.emulator.environment import ACCOUNT, REGION

logger = logging.getLogger(__name__)

MINUTE = 60
SETTLE_SECONDS = 1.0  # after a period's end, for data that are on their way
SKIPPED_LIMIT = (
    24 * 60
)  # minutes judged one by one after an advance; before them only the last day counts
QUEUE_METRIC = "ApproximateNumberOfMessagesVisible"
LAMBDA_ACTIONS = "lambda.alarms.cloudwatch.amazonaws.com"
SNS_ACTIONS = "cloudwatch.amazonaws.com"
ACTION_FIELDS = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}

Emit = Callable[..., None]  # source, detail type, detail, resources


class Alarms:
    """Judges all metric alarms of the account."""

    def __init__(self, clock: LocalClock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._judged_until = self._minute(clock.time())
        self._wait()

    def judge_now(self, alarm: dict[str, Any]) -> None:
        """Judge one alarm on what is known at this moment."""
        if alarm.get("MetricName"):
            with self._lock:
                self._judge(alarm, self._clock.time())

    def judge_all_now(self) -> None:
        """Judge every alarm of the calling request's account."""
        for alarm in list(cloudwatch._alarms.values()):
            self.judge_now(alarm)

    def _minute(self, at: float) -> int:
        return int(at - SETTLE_SECONDS) // MINUTE * MINUTE

    def _wait(self) -> None:
        self._clock.call_at(self._judged_until + MINUTE + SETTLE_SECONDS, self._minutes_passed)

    def _minutes_passed(self) -> None:
        now = self._minute(self._clock.time())
        first = max(self._judged_until + MINUTE, now - SKIPPED_LIMIT * MINUTE)
        try:
            with self._lock, event_targets.service_scope():
                _measure_queues(now)
                for minute in range(first, now + 1, MINUTE):
                    for alarm in list(cloudwatch._alarms.values()):
                        if (
                            alarm.get("MetricName")
                            and minute % max(int(alarm["Period"]), MINUTE) == 0
                        ):
                            self._judge(alarm, float(minute))
        finally:
            self._judged_until = max(now, self._judged_until)
            self._wait()

    def _judge(self, alarm: dict[str, Any], at: float) -> None:
        try:
            rule = Rule.of(alarm)
            datapoints = _datapoints(alarm, rule, at)
        except (KeyError, ValueError):
            logger.exception("alarm %s cannot be evaluated", alarm.get("AlarmName"))
            return
        judgement = judge(rule, datapoints, alarm["StateValue"])
        if judgement.state != alarm["StateValue"]:
            _change(alarm, judgement, at)


def install(clock: LocalClock, emit: Emit, submit: event_targets.SUBMIT) -> Alarms:
    """Take evaluation and actions of alarms over from the emulator."""
    cloudwatch.time = clock_module(clock)
    alarms = Alarms(clock)
    notify = cloudwatch._dispatch_alarm_actions
    told: dict[str, dict[str, Any]] = {}  # alarm ARN → the state that was told last

    def act(alarm: dict[str, Any], old: str, new: str, reason: str) -> None:
        """Tell everybody who wants to know of a change; SetAlarmState comes here too."""
        arn = alarm["AlarmArn"]
        before = told.get(arn) or {}
        if before.get("value") != old:
            before = {"value": old, "reason": "Unchecked: Initial alarm creation"}
            before["timestamp"] = _stamp(float(alarm.get("AlarmConfigurationUpdatedTimestamp", 0)))
        told[arn] = state = _described(alarm, new, reason, clock.time())
        detail = {
            "alarmName": alarm["AlarmName"],
            "state": state,
            "previousState": before,
            "configuration": _configuration(alarm),
        }
        emit("aws.cloudwatch", "CloudWatch Alarm State Change", detail, [arn])
        notify(_without_closed_topics(alarm, new), old, new, reason)
        _invoke(submit, alarm, new, detail)

    cloudwatch._evaluate_alarm = alarms.judge_now
    cloudwatch._evaluate_all_alarms = alarms.judge_all_now
    cloudwatch._dispatch_alarm_actions = act
    return alarms


def _measure_queues(minute: int) -> None:
    """Publish how many messages wait in each queue, as SQS does each minute, for the minute that ended."""
    for queue in list(sqs._queues.values()):
        sqs._refresh_counts(queue)
        visible = float(queue["attributes"]["ApproximateNumberOfMessages"])
        dimensions = {"QueueName": queue["attributes"]["QueueArn"].rsplit(":", 1)[1]}
        cloudwatch._store_datum(
            "AWS/SQS", QUEUE_METRIC, dimensions, minute - 1, "Count", visible, None, None, None
        )


def _datapoints(alarm: dict[str, Any], rule: Rule, at: float) -> list[Datapoint]:
    """Return the datapoints that an evaluation at `at` looks at, newest first."""
    period = int(alarm["Period"])
    statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    end = int(at) // period * period
    points = _points(alarm, end - (rule.periods + EXTRA_PERIODS) * period)
    growing = _datapoint([p for p in points if p["Timestamp"] >= end], statistic, end, 1)
    positive = all(point["Value"] >= 0 for point in points)
    early = growing is not None and rule.breach_is_final(
        statistic, growing.value, positive=positive
    )
    found = [growing] if early and growing else []
    shift = 1 if early else 0  # the unfinished period then is the newest one looked at
    for age in range(1, rule.periods + EXTRA_PERIODS + 1 - shift):
        start = end - age * period
        inside = [p for p in points if start <= p["Timestamp"] < start + period]
        if (datapoint := _datapoint(inside, statistic, start, age + shift)) is not None:
            found.append(datapoint)
    return found


def _points(alarm: dict[str, Any], start: float) -> list[dict[str, Any]]:
    dimensions = cloudwatch._dims_from_list(alarm.get("Dimensions") or [])
    key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))
    unit = alarm.get("Unit")
    stored = list(cloudwatch._metrics.get(key, []))
    return [
        point
        for point in stored
        if point["Timestamp"] >= start and (unit is None or point.get("Unit") == unit)
    ]


def _datapoint(
    points: list[dict[str, Any]], statistic: str, start: float, age: int
) -> Datapoint | None:
    statistics = cloudwatch._calc_stats(points)
    if not statistics:
        return None
    if statistic not in statistics and not cloudwatch._is_percentile_stat(statistic):
        raise ValueError(f"the local cloud does not compute the statistic {statistic}")
    value = cloudwatch._stat_value(statistics, statistic, points)
    return None if value is None else Datapoint(start, age, value, statistics["SampleCount"])


def _change(alarm: dict[str, Any], judgement: Judgement, at: float) -> None:
    """Write the new state and its history, and act on it."""
    old, new = alarm["StateValue"], judgement.state
    data = {
        "version": "1.0",
        "queryDate": _stamp(at),
        "statistic": alarm.get("ExtendedStatistic") or alarm["Statistic"],
        "period": alarm["Period"],
        "recentDatapoints": [point.value for point in reversed(judgement.evaluated)],
        "threshold": alarm["Threshold"],
        "evaluatedDatapoints": [
            {"timestamp": _stamp(p.start), "sampleCount": p.samples, "value": p.value}
            for p in judgement.evaluated
        ],
    }
    alarm["StateValue"], alarm["StateReason"] = new, judgement.reason
    alarm["StateReasonData"] = json.dumps(data)
    alarm["StateUpdatedTimestamp"] = alarm["StateTransitionedTimestamp"] = int(at)
    cloudwatch._record_history(alarm["AlarmName"], old, new, judgement.reason, reason_data=data)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, judgement.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _described(alarm: dict[str, Any], value: str, reason: str, at: float) -> dict[str, Any]:
    described = {"value": value, "reason": reason, "timestamp": _stamp(at)}
    if alarm.get("StateReasonData"):
        described["reasonData"] = alarm["StateReasonData"]
    return described


def _configuration(alarm: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {}
    if alarm.get("AlarmDescription"):
        described["description"] = alarm["AlarmDescription"]
    if alarm.get("AlarmRule"):
        return {**described, "alarmRule": alarm["AlarmRule"]}
    metric = {
        "namespace": alarm.get("Namespace"),
        "name": alarm.get("MetricName"),
        "dimensions": cloudwatch._dims_from_list(alarm.get("Dimensions") or []),
    }
    stat = {
        "metric": metric,
        "period": alarm.get("Period"),
        "stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
    }
    if alarm.get("Unit"):
        stat["unit"] = alarm["Unit"]
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["AlarmArn"]))
    return {**described, "metrics": [{"id": identity, "metricStat": stat, "returnData": True}]}


def _invoke(
    submit: event_targets.SUBMIT, alarm: dict[str, Any], new: str, detail: dict[str, Any]
) -> None:
    """Invoke the functions among the alarm's actions for its new state."""
    if not alarm.get("ActionsEnabled", True):
        return
    arn = alarm["AlarmArn"]
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": arn,
        "accountId": ACCOUNT,
        "time": detail["state"]["timestamp"],
        "region": REGION,
        "alarmData": detail,
    }
    for action in alarm.get(ACTION_FIELDS[new]) or []:
        if ":lambda:" in action:
            try:
                event_targets.invoke_for_service(submit, action, event, LAMBDA_ACTIONS, arn)
            except event_targets.Refused as refusal:
                logger.warning("alarm %s → %s: %s", alarm["AlarmName"], action, refusal.message)


def _without_closed_topics(alarm: dict[str, Any], new: str) -> dict[str, Any]:
    """Return the alarm without the topics whose own policy does not let it publish."""
    field, arn = ACTION_FIELDS[new], alarm["AlarmArn"]
    open_to_it = []
    for action in alarm.get(field) or []:
        if ":sns:" in action and not sns.topic_policy_allows(action, SNS_ACTIONS, arn, ACCOUNT):
            logger.warning("alarm %s may not publish to %s", alarm["AlarmName"], action)
        else:
            open_to_it.append(action)
    return {**alarm, field: open_to_it}


def _stamp(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"
