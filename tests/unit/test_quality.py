"""Whether a version is as good as in its evaluation: metrics, the limit, the bets, and what becomes of a breach."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trimtab.domain.events import MonitoringBlinded, QualityBreached, QualityRecovered
from trimtab.domain.monitoring import Monitoring
from trimtab.domain.quality import metrics
from trimtab.domain.quality.breach import NOTHING, SHARES, after, evidence
from trimtab.domain.quality.judging import Outcomes, Question, judge_quality
from trimtab.domain.quality.measured import Estimate, Measured
from trimtab.domain.quality.policy import QualityPolicy
from trimtab.domain.quality.reference import QualityReference, dependence_of, reference_of
from trimtab.domain.quality.windows import QualityWatch, QualityWindow

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = QualityPolicy(label_delay_hours=24)

scores = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])),
    min_size=1,
    max_size=30,
)


@given(scores)
def test_the_auc_is_mann_and_whitneys(drawn: list[tuple[float, float]]) -> None:
    truth, predicted = (np.array(column) for column in zip(*drawn, strict=True))
    found = metrics.auc(truth, predicted)
    ones, zeros = predicted[truth == 1], predicted[truth == 0]
    if not ones.size or not zeros.size:
        assert found is None
        assert "auc" not in metrics.measured("binary", truth, predicted, 1.0)
        return
    u = stats.mannwhitneyu(ones, zeros, method="asymptotic").statistic
    assert found is not None
    assert found.value == pytest.approx(u / (ones.size * zeros.size), abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_error_of_an_auc_is_what_hanley_and_mcneil_print() -> None:
    """Their example (1982, page 33): 51 abnormal and 58 normal images, area 0.893, standard error 0.032."""
    # Scores of five levels with the counts of their table I: 0.893 of the pairs are in order.
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    levels = np.arange(5) / 5
    predicted = np.r_[np.repeat(levels, normal), np.repeat(levels, abnormal)]
    truth = np.r_[np.zeros(58), np.ones(51)]
    found = metrics.auc(truth, predicted)
    assert found is not None
    assert found.value == pytest.approx(0.893, abs=5e-4)
    assert (found.value - found.low) / metrics.Z == pytest.approx(0.032, abs=5e-4)


def test_metrics_are_their_definitions() -> None:
    truth, predicted = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.2, 0.4, 0.5])
    found = metrics.measured("binary", truth, predicted, 1.0)
    assert found["brier"].value == pytest.approx((0.01 + 0.04 + 0.36 + 0.25) / 4)
    assert found["accuracy"].value == 0.5
    logs = [math.log(0.9), math.log(0.8), math.log(0.4), math.log(0.5)]
    assert found["log_loss"].value == pytest.approx(-sum(logs) / 4)
    numbers = metrics.measured("regression", np.array([1.0, 2.0]), np.array([2.0, 5.0]), 1.0)
    assert numbers["mae"].value == 2
    assert numbers["rmse"].value == pytest.approx(math.sqrt(5))
    assert metrics.measured("regression", np.zeros(0), np.zeros(0), 1.0) == {}
    assert (metrics.loss_name("binary"), metrics.loss_name("regression")) == ("brier", "mae")


def test_the_interval_of_a_mean_holds_it_in_95_of_100_samples() -> None:
    chance = np.random.default_rng(1)
    held = [
        (found := metrics.mean(chance.normal(3, 2, 80))).low <= 3 <= found.high for _ in range(4000)
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.012)


@given(st.floats(0.01, 10), st.floats(0, 1))
def test_no_bet_gains_on_average_where_the_mean_loss_is_the_limit(
    limit: float, share: float
) -> None:
    """A loss of `limit / share` with chance `share`, of nothing otherwise."""
    chance = max(share, 1e-3)
    lost = after(NOTHING, np.array([limit / chance]), limit, 1.0)
    kept = after(NOTHING, np.array([0.0]), limit, 1.0)
    for one, other in zip(lost, kept, strict=True):
        mean = chance * math.exp(one) + (1 - chance) * math.exp(other)
        assert mean == pytest.approx(1, abs=1e-9)


def test_a_version_that_is_as_good_as_allowed_is_said_to_be_worse_less_often_than_alpha() -> None:
    chance, alpha = np.random.default_rng(2), 0.05
    false = 0
    for _ in range(1000):
        stakes = NOTHING
        for _ in range(40):
            stakes = after(stakes, chance.binomial(1, 0.2, 25).astype(float), 0.2, 1.0)
            if evidence(stakes) >= 1 / alpha:
                false += 1
                break
    assert false / 1000 <= alpha
    assert evidence(NOTHING) == 1


def test_a_version_that_is_worse_is_found_and_dependence_makes_it_later() -> None:
    losses = np.random.default_rng(3).binomial(1, 0.3, 4000).astype(float)
    alone, together = (after(NOTHING, losses, 0.2, by) for by in (1.0, 10.0))
    assert evidence(alone) > evidence(together) > 100
    order = np.random.default_rng(4).permutation(losses)
    assert after(NOTHING, order, 0.2, 1.0) == pytest.approx(alone)
    assert len(alone) == len(SHARES)


def test_rows_that_say_the_same_on_each_day_count_as_one() -> None:
    chance = np.random.default_rng(5)
    days = np.repeat(np.arange(200), 20)
    assert dependence_of(chance.normal(size=200)[days], days) == pytest.approx(20, rel=0.02)
    assert dependence_of(chance.normal(size=4000), days) == pytest.approx(1, abs=0.2)
    assert dependence_of(np.ones(40), days[:40]) == 1
    assert dependence_of(chance.normal(size=40), days[:40]) == 1


def reference(problem: str = "binary") -> QualityReference:
    truth, predicted = sample(4000, 6)
    return reference_of(problem, truth, predicted, np.arange(4000))


def sample(count: int, seed: int, *, true: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated scores and outcomes; not `true`: outcomes that have nothing to do with them."""
    chance = np.random.default_rng(seed)
    predicted = chance.beta(1, 3, count)
    truth = chance.binomial(1, predicted if true else 0.6, count).astype(float)
    return truth, predicted


def question(day: int, problem: str = "binary") -> Question:
    start = MONDAY + day * DAY
    return Question("m", problem, POLICY, reference(problem), start, start + DAY, start + 2 * DAY)


def judged(
    windows: list[Outcomes], problem: str = "binary"
) -> tuple[list[QualityWindow], QualityWatch]:
    watch = QualityWatch(version=3, judged_until=MONDAY, stakes=NOTHING)
    found = []
    for day, outcomes in enumerate(windows):
        window, watch = judge_quality(question(day, problem), watch, outcomes)
        found.append(window)
    return found, watch


def outcomes(
    count: int, seed: int, *, true: bool = True, labelled: float = 1.0, biased: bool = False
) -> Outcomes:
    truth, predicted = sample(count, seed, true=true)
    has = (
        predicted > np.quantile(predicted, 1 - labelled)
        if biased
        else np.arange(count) < labelled * count
    )
    return Outcomes(predicted, has, np.where(has, truth, 0.0))


def test_a_version_that_is_as_good_as_ever_is_ok() -> None:
    windows, watch = judged([outcomes(800, day) for day in range(20)])
    assert {one.state for one in windows} == {"ok"}
    assert watch.news == ()
    assert watch.labels == 16_000
    assert watch.judged_until == MONDAY + 20 * DAY
    last = windows[-1]
    assert last.labels == last.predictions
    usual = last.metrics["auc"].usual
    assert usual is not None
    assert last.metrics["auc"].low < usual < last.metrics["auc"].high
    assert last.reason.startswith("brier 0.1")
    assert "800 of 800 predictions have labels after 24 h" in last.reason


def test_a_quality_that_is_lost_is_told_once_and_so_is_its_return() -> None:
    bad = [outcomes(800, day, true=False) for day in (1, 2, 3)]
    good = [outcomes(800, day) for day in (4, 5, 6)]
    windows, watch = judged([outcomes(800, 0), *bad, *good])
    states = [one.state for one in windows]
    assert states == ["ok", "breached", "breached", "breached", "breached", "ok", "ok"]
    opened, closed = watch.news
    assert isinstance(opened, QualityBreached)
    assert isinstance(closed, QualityRecovered)
    assert opened.incident_id == closed.incident_id == "m-v3-quality-20260303T00"
    assert (opened.metric, opened.labels) == ("brier", 1600)
    assert opened.effect > opened.limit
    assert closed.effect <= closed.limit
    assert "evidence" in opened.reason
    assert watch.breach is None
    told = watch.without_news()
    assert (told.news, told.judged_until) == ((), watch.judged_until)


def test_a_breach_goes_on_while_nothing_says_that_it_is_over() -> None:
    nothing = Outcomes(*(np.zeros(0, dtype=kind) for kind in (float, bool, float)))
    bad, good = outcomes(800, 1, true=False), outcomes(800, 2)
    windows, watch = judged([bad, good, bad, nothing, good])
    assert {one.state for one in windows} == {"breached"}
    assert windows[3].reason.endswith("nothing shows that the quality is back")
    assert [type(one) for one in watch.news] == [QualityBreached]


def test_few_labels_say_nothing() -> None:
    none, few, thin = (
        outcomes(800, 1, labelled=0),
        outcomes(90, 2),
        outcomes(2000, 3, labelled=0.09),
    )
    nothing = Outcomes(*(np.zeros(0, dtype=kind) for kind in (float, bool, float)))
    windows, watch = judged([none, few, thin, nothing])
    assert {one.state for one in windows} == {"insufficient_data"}
    assert windows[0].reason == (
        "0 of 800 predictions have labels after 24 h; 100 labels and 10% of the predictions are needed"
    )
    assert windows[3].reason == "there was no prediction"
    [told] = watch.news
    assert isinstance(told, MonitoringBlinded)
    assert (told.kind, told.windows, told.window_start) == ("quality", 3, MONDAY + 2 * DAY)
    assert told.reason.startswith(
        "nothing could be told of 3 windows in a row; of the last: 180 of"
    )
    _, seeing = judged([none, few, outcomes(800, 4), none, few])
    assert (seeing.news, seeing.blind) == ((), 2)
    assert watch.labels == 90  # so few are no verdict on a window, but evidence all the same


def test_labels_that_come_for_other_predictions_than_the_rest_are_said_to() -> None:
    windows, _ = judged(
        [outcomes(800, 1, labelled=0.5), outcomes(800, 1, labelled=0.5, biased=True)]
    )
    even, biased = (one.reason for one in windows)
    assert "not as the others" not in even
    assert "these are not as the others: on average 0.4" in biased


def test_what_was_estimated_before_stands_beside_what_labels_say() -> None:
    watch = QualityWatch(version=3, judged_until=MONDAY, stakes=NOTHING)
    band = Estimate(metrics={"brier": Measured(value=0.15, low=0.13, high=0.17)}, reason="r")
    asked = replace(question(0), estimate=band)
    good, _ = judge_quality(asked, watch, outcomes(800, 1))
    bad, _ = judge_quality(asked, watch, outcomes(800, 1, true=False))
    assert good.metrics["brier"].estimated == bad.metrics["brier"].estimated == 0.15
    assert good.metrics["auc"].estimated is None
    assert "estimated" not in good.reason
    assert bad.reason.endswith(
        "0.13 to 0.17 was estimated without labels: such rows come out otherwise than they did"
    )


def test_numbers_are_judged_by_their_absolute_error() -> None:
    chance = np.random.default_rng(7)
    truth = chance.normal(100, 20, 500)
    asked = question(0, "regression")
    assert asked.limit == asked.reference.loss.high * 1.1
    far = Outcomes(truth + 50, np.ones(500, dtype=bool), truth)
    windows, watch = judged([far], "regression")
    assert windows[0].state == "breached"
    assert watch.news[0].metric == "mae"


def test_a_window_is_judged_by_labels_when_the_last_of_them_had_its_time() -> None:
    policy = Monitoring(quality=QualityPolicy(label_delay_hours=48))
    due = MONDAY + timedelta(days=3, hours=1)
    assert list(policy.labelled(MONDAY, due - timedelta(seconds=1))) == []
    assert list(policy.labelled(MONDAY, due)) == [MONDAY]
    later = list(policy.labelled(MONDAY, due + timedelta(days=5)))
    assert all(after - before == DAY for before, after in pairwise(later))
    assert len(later) == 6
