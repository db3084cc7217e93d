"""What an alarm's datapoints say: CloudWatch's rules for M of N and missing data.

From the CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data": an alarm looks at more periods
than it needs; only if they hold fewer datapoints than it needs does the treatment of missing data count.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

EXTRA_PERIODS = 2  # looked at beyond the evaluation periods; the guide's examples show 5 for 3

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
SPOKEN = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
# Statistics of an unfinished period that more data can only push further over a threshold.
RISING = ("Maximum", "SampleCount")
FALLING = ("Minimum",)


@dataclass(frozen=True)
class Datapoint:
    """The statistic of one period that has data."""

    start: float  # seconds since the epoch
    age: int  # in periods; 1 is the newest period looked at
    value: float
    samples: float


@dataclass(frozen=True)
class Rule:
    """The part of an alarm that judges."""

    operator: str
    threshold: float
    needed: int  # M
    periods: int  # N
    missing: str  # missing, ignore, breaching or notBreaching

    @classmethod
    def of(cls, alarm: dict[str, Any]) -> "Rule":
        """Read the rule of an alarm as CloudWatch describes it."""
        periods = int(alarm.get("EvaluationPeriods") or 1)
        return cls(
            operator=alarm["ComparisonOperator"],
            threshold=float(alarm["Threshold"]),
            needed=int(alarm.get("DatapointsToAlarm") or periods),
            periods=periods,
            missing=alarm.get("TreatMissingData") or "missing",
        )

    def breaches(self, value: float) -> bool:
        """Say whether a value is on the wrong side of the threshold."""
        return OPERATORS[self.operator](value, self.threshold)

    def breach_is_final(self, statistic: str, value: float, *, positive: bool) -> bool:
        """Say whether an unfinished period breaches whatever data it still gets."""
        if self.operator.startswith("Greater"):
            certain = statistic in RISING or (statistic == "Sum" and positive)
        else:
            certain = statistic in FALLING
        return certain and self.breaches(value)


@dataclass(frozen=True)
class Judgement:
    """The state that datapoints give, and the datapoints that gave it, newest first."""

    state: str
    evaluated: tuple[Datapoint, ...]
    reason: str


def judge(rule: Rule, datapoints: Sequence[Datapoint], current: str) -> Judgement:
    """Return the state for the datapoints of the last periods (newest first), given the current state."""
    newest = tuple(datapoints[: rule.periods])
    breaching = sum(rule.breaches(point.value) for point in newest)
    state = _state(rule, newest, breaching, current)
    return Judgement(state, newest, _reason(rule, newest, breaching, current, state))


def _state(rule: Rule, newest: tuple[Datapoint, ...], breaching: int, current: str) -> str:
    unknown = rule.periods - len(newest)
    if breaching + (unknown if rule.missing == "breaching" else 0) >= rule.needed:
        return "ALARM"
    if unknown == 0 or rule.missing in ("breaching", "notBreaching") or breaching < len(newest):
        return "OK"
    return _state_without_proof(rule, newest, current)


def _state_without_proof(rule: Rule, newest: tuple[Datapoint, ...], current: str) -> str:
    """Decide when data are missing, too few breach, and none is good."""
    if rule.missing == "ignore":
        return current
    if not newest:
        return "INSUFFICIENT_DATA"
    if newest[-1].age >= rule.needed or current == "ALARM":
        return "ALARM"
    return "OK"


def _reason(
    rule: Rule, newest: tuple[Datapoint, ...], breaching: int, current: str, state: str
) -> str:
    if not newest:
        plural = "s were" if rule.periods > 1 else " was"
        unknown = f"{rule.periods} datapoint{plural} unknown"
        if state == "INSUFFICIENT_DATA":
            return f"Insufficient Data: {unknown}."
        kind = "breaching" if rule.missing == "breaching" else "nonBreaching"
        return f"Threshold Crossed: no datapoints were received for {rule.periods} periods and treated as [{kind}]."
    count, verb = (breaching, "") if state == "ALARM" else (len(newest) - breaching, "not ")
    values = ", ".join(str(point.value) for point in newest)
    were = "was" if count == 1 else "were"
    minimum = rule.needed if state == "ALARM" else rule.periods - rule.needed + 1
    unit = "datapoint" if minimum == 1 else "datapoints"
    return (
        f"Threshold Crossed: {count} out of the last {len(newest)} datapoints [{values}] {were} {verb}"
        f"{SPOKEN[rule.operator]} the threshold ({rule.threshold}) "
        f"(minimum {minimum} {unit} for {current} -> {state} transition)."
    )
