"""M of N and missing data: the tables of CloudWatch's user guide ("… treat missing data"), row by row."""

import pytest

from local.emulator.alarm_rules import Datapoint, Rule, judge

RANGE = 5  # periods in the guide's examples


def a_rule(
    needed: int, missing: str, operator: str = "GreaterThanThreshold", periods: int = 3
) -> Rule:
    return Rule(operator, threshold=1.0, needed=needed, periods=periods, missing=missing)


def datapoints(drawn: str) -> list[Datapoint]:
    """Read the guide's form, oldest first: 0 is good, X breaches, - is missing. Newest first come out."""
    marks = list(reversed(drawn.split()))
    return [
        Datapoint(start=-60.0 * age, age=age, value=2.0 if mark == "X" else 0.0, samples=1.0)
        for age, mark in enumerate(marks, start=1)
        if mark != "-"
    ]


KEPT = "kept"
THREE_OF_THREE = [
    # datapoints, missing, ignore, breaching, notBreaching
    ("0 - X - X", "OK", "OK", "OK", "OK"),
    ("0 - - - -", "OK", "OK", "OK", "OK"),
    ("- - - - -", "INSUFFICIENT_DATA", KEPT, "ALARM", "OK"),
    ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("- - X - -", "ALARM", KEPT, "ALARM", "OK"),
]
TWO_OF_THREE = [
    ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 - X - -", "OK", "OK", "ALARM", "OK"),
    ("- - - - 0", "OK", "OK", "ALARM", "OK"),
    ("- - - X -", "ALARM", KEPT, "ALARM", "OK"),
]


def rows() -> list[tuple[int, str, str, str]]:
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    return [
        (needed, drawn, treatment, state)
        for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
        for drawn, *states in table
        for treatment, state in zip(treatments, states, strict=True)
    ]


@pytest.mark.parametrize(("needed", "drawn", "treatment", "state"), rows())
@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_the_guides_tables_hold(needed, drawn, treatment, state, current) -> None:
    judged = judge(a_rule(needed, treatment), datapoints(drawn), current).state
    assert judged == (current if state == KEPT else state)


def test_one_fresh_breach_is_no_alarm_when_two_are_needed() -> None:
    assert judge(a_rule(2, "missing"), datapoints("- - - - X"), "OK").state == "OK"
    assert judge(a_rule(2, "missing"), datapoints("- - - - X"), "ALARM").state == "ALARM"


def test_a_reason_tells_values_threshold_and_minimum() -> None:
    reason = judge(a_rule(2, "missing"), datapoints("0 0 X 0 X"), "OK").reason
    assert reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [2.0, 0.0, 2.0] were greater than the threshold (1.0)"
        " (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert (
        judge(a_rule(3, "missing"), [], "OK").reason
        == "Insufficient Data: 3 datapoints were unknown."
    )
    assert judge(a_rule(3, "breaching"), [], "OK").reason == (
        "Threshold Crossed: no datapoints were received for 3 periods and treated as [breaching]."
    )


@pytest.mark.parametrize(
    ("operator", "value", "breaches"),
    [
        ("GreaterThanThreshold", 1.0, False),
        ("GreaterThanOrEqualToThreshold", 1.0, True),
        ("LessThanThreshold", 1.0, False),
        ("LessThanOrEqualToThreshold", 1.0, True),
        ("LessThanThreshold", 0.9, True),
    ],
)
def test_operators_mean_what_they_say(operator, value, breaches) -> None:
    assert a_rule(1, "missing", operator).breaches(value) is breaches


@pytest.mark.parametrize(
    ("operator", "statistic", "positive", "final"),
    [
        ("GreaterThanThreshold", "Maximum", False, True),
        ("GreaterThanThreshold", "Sum", True, True),
        ("GreaterThanThreshold", "Sum", False, False),  # a negative value may still come
        ("GreaterThanThreshold", "Average", True, False),
        ("GreaterThanThreshold", "p99", True, False),
        ("LessThanThreshold", "Minimum", True, True),
        ("LessThanThreshold", "Sum", True, False),
        ("LessThanThreshold", "SampleCount", True, False),
    ],
)
def test_an_unfinished_period_counts_only_if_more_data_cannot_undo_it(
    operator, statistic, positive, final
) -> None:
    value = 2.0 if operator.startswith("Greater") else 0.0
    assert (
        a_rule(1, "missing", operator).breach_is_final(statistic, value, positive=positive) is final
    )
