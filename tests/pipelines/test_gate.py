"""The gate's arithmetic: metrics against plain definitions, intervals, and what passes."""

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.steps.bootstrap import Bootstrap, Interval
from pipelines.steps.gate import (
    Check,
    ReportOnly,
    Verdict,
    champion_check,
    floor_check,
    golden_check,
    latency_check,
    loads_check,
    size_check,
)
from pipelines.steps.metrics import metric

ROWS = st.integers(2, 40)
finite = st.floats(-5, 5, allow_nan=False)


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth with both classes, scores with ties, and how often each row counts."""
    rows = draw(ROWS)
    truth = draw(arrays(np.float64, rows, elements=st.sampled_from([0.0, 1.0])))
    truth[0], truth[1] = 0.0, 1.0
    scores = draw(arrays(np.float64, rows, elements=st.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9])))
    counts = draw(arrays(np.int64, rows, elements=st.integers(0, 3)))
    counts[0], counts[1] = 1, 1
    return truth, scores, counts


def pairwise_auc(truth: np.ndarray, scores: np.ndarray) -> float:
    """The definition: every positive against every negative."""
    positive, negative = scores[truth == 1], scores[truth == 0]
    wins = (positive[:, None] > negative).sum() + (positive[:, None] == negative).sum() / 2
    return float(wins / (len(positive) * len(negative)))


@given(scored())
def test_auc_is_the_share_of_pairs_in_the_right_order(case):
    truth, scores, counts = case
    repeated = pairwise_auc(np.repeat(truth, counts), np.repeat(scores, counts))
    assert metric("auc", truth, scores)(counts) == pytest.approx(repeated)


@given(scored(), st.sampled_from(["accuracy", "log_loss", "rmse", "mae"]))
def test_counting_a_row_twice_is_having_it_twice(case, name: str):
    truth, scores, counts = case
    repeated_truth, repeated_scores = np.repeat(truth, counts), np.repeat(scores, counts)
    ones = np.ones(len(repeated_truth), dtype=np.int64)
    expected = metric(name, repeated_truth, repeated_scores)(ones)
    assert metric(name, truth, scores)(counts) == pytest.approx(expected)


def test_metrics_have_their_textbook_values():
    truth, predicted = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.1, 0.8, 0.4, 0.3])
    ones = np.ones(4, dtype=np.int64)
    values = {
        name: metric(name, truth, predicted)(ones)
        for name in ("auc", "accuracy", "log_loss", "rmse", "mae")
    }
    loss = -(math.log(0.9) + math.log(0.8) + math.log(0.4) + math.log(0.7)) / 4
    assert values == pytest.approx(
        {"auc": 1.0, "accuracy": 0.75, "log_loss": loss, "rmse": math.sqrt(0.125), "mae": 0.3}
    )


def test_a_certain_and_wrong_prediction_has_a_finite_log_loss():
    wrong = metric("log_loss", np.array([1.0]), np.array([0.0]))
    assert wrong(np.array([1])) == pytest.approx(-math.log(1e-15))


def drawn(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = (random.random(rows) < 0.3).astype(np.float64)
    good = truth * 0.3 + random.random(rows)
    return truth, good, random.random(rows)


def test_the_interval_of_auc_is_as_wide_as_theory_says():
    truth, scores, _ = drawn(4000)
    interval = Bootstrap({"auc": metric("auc", truth, scores)}, 4000, seed=1).interval("auc")
    # Hanley and McNeil 1982, standard error of an AUC
    a, positives = interval.value, truth.sum()
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = a * (1 - a) + (positives - 1) * (q1 - a * a) + (4000 - positives - 1) * (q2 - a * a)
    width = 2 * 1.96 * math.sqrt(variance / (positives * (4000 - positives)))
    assert interval.high - interval.low == pytest.approx(width, rel=0.15)


def test_the_same_seed_gives_the_same_interval():
    truth, scores, _ = drawn(500)
    one, two = (
        Bootstrap({"auc": metric("auc", truth, scores)}, 500, seed=7).interval("auc")
        for _ in range(2)
    )
    assert one == two


def test_a_model_against_itself_differs_by_nothing_at_all():
    truth, scores, _ = drawn(500)
    both = {"a": metric("auc", truth, scores), "b": metric("auc", truth, scores)}
    assert Bootstrap(both, 500, seed=1).difference("a", "b") == Interval(0.0, 0.0, 0.0)


def test_pairing_tells_apart_what_separate_intervals_cannot():
    truth, good, noise = drawn(2000)
    slightly_worse = good - 0.02 * truth + 0.01 * noise
    both = {"a": metric("auc", truth, good), "b": metric("auc", truth, slightly_worse)}
    bootstrap = Bootstrap(both, 2000, seed=1)
    assert bootstrap.interval("a").low < bootstrap.interval("b").high
    assert bootstrap.difference("a", "b").low > 0


@given(finite, finite)
def test_a_floor_holds_from_the_other_side_for_losses(value: float, floor: float):
    assert floor_check("auc", value, floor, larger_is_better=True).passed == (value >= floor)
    assert floor_check("rmse", value, floor, larger_is_better=False).passed == (value <= floor)


@given(finite, finite, finite, st.floats(0, 1))
def test_not_worse_means_that_the_whole_interval_lies_above_minus_the_margin(
    value: float, low: float, high: float, margin: float
):
    check = champion_check("auc", Interval(value, low, high), margin, 3)
    assert check.passed == (low >= -margin)


@given(finite, st.floats(0, 1), st.floats(0, 1), finite)
def test_a_wider_margin_never_refuses_what_a_narrower_one_passed(
    low: float, margin: float, more: float, value: float
):
    gain = Interval(value, low, value)
    if champion_check("auc", gain, margin, 1).passed:
        assert champion_check("auc", gain, margin + more, 1).passed


def test_a_verdict_says_its_numbers_and_what_failed_first():
    floor = floor_check("auc", 0.742, 0.6, larger_is_better=True)
    champion = champion_check("auc", Interval(-0.03, -0.05, -0.01), 0.01, 4)
    verdict = Verdict((floor, champion))
    assert not verdict.passed
    assert verdict.sentence == (
        "auc gain over version 4 -0.030 (95 % interval -0.050 to -0.010), low end < -0.01;"
        " auc 0.742 >= floor 0.6"
    )
    told = [{**each, "sentence": ""} for each in verdict.as_json()["checks"]]
    assert told == [
        {"name": "floor", "value": 0.742, "limit": 0.6, "passed": True, "sentence": ""},
        {"name": "champion", "value": -0.05, "limit": -0.01, "passed": False, "sentence": ""},
    ]


def test_a_verdict_passes_only_if_every_check_does():
    good = floor_check("auc", 0.7, 0.6, larger_is_better=True)
    bad = floor_check("auc", 0.5, 0.6, larger_is_better=True)
    assert Verdict((good,)).passed
    assert not Verdict((good, bad)).passed
    assert bad.sentence == "auc 0.500 < floor 0.6"


BAD = floor_check("auc", 0.5, 0.6, larger_is_better=True)


def test_a_gate_that_only_reports_says_so_with_what_it_would_have_refused_until_its_day_has_passed():
    only = ReportOnly(date(2026, 12, 31), "new metric, two weeks to see")
    verdict = Verdict((BAD,), report_only=only)
    assert verdict.passed
    assert not verdict.would_pass
    assert verdict.sentence == (
        "report only until 2026-12-31 (new metric, two weeks to see): would have refused:"
        " auc 0.500 < floor 0.6"
    )
    assert verdict.as_json()["report_only"]["until"] == "2026-12-31"
    assert only.holds(date(2026, 12, 31))
    assert not only.holds(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("check", "passed", "sentence"),
    [
        (size_check(3 << 20, 3), True, "model.tar.gz 3.0 MB <= 3 MB"),
        (size_check((3 << 20) + (1 << 18), 3), False, "model.tar.gz 3.2 MB > 3 MB"),
        (loads_check(1.25, 60), True, "loads in 1.2 s <= 60 s"),
        (loads_check(61.0, 60), False, "loads in 61.0 s > 60 s"),
        (latency_check(12.0, 500), True, "answers in 12 ms (95 % of requests) <= 500 ms"),
        (latency_check(900.0, 500), False, "answers in 900 ms (95 % of requests) > 500 ms"),
        (golden_check(21, 21, ""), True, "21 of 21 golden requests answered as in the evaluation"),
        (
            golden_check(20, 21, "status 500"),
            False,
            "20 of 21 golden requests answered as in the evaluation: status 500",
        ),
    ],
)
def test_what_serving_shows_is_told_with_its_limit(check: Check, passed: bool, sentence: str):
    assert (check.passed, check.sentence) == (passed, sentence)
    verdict = Verdict((check,), "no champion to compare with")
    assert (sentence in verdict.sentence) == (not passed), "what passed is in the report alone"
