"""What quality is expected to be without labels: right while only the rows change, and blind where the world does."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.quality import metrics
from trimtab.domain.quality.estimate import (
    Calibration,
    calibration_error,
    calibration_of,
    estimate,
    expected,
    isotonic,
)
from trimtab.domain.quality.reference import reference_of

ROWS = 20_000


def world(
    seed: int, *, mean: float = 0.0, spread: float = 1.0, slope: float = 1.5, said: float = 1.5
) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes of a logistic truth, and the scores of a model that says `said` where the truth is `slope`."""
    chance = np.random.default_rng(seed)
    x = chance.normal(mean, spread, ROWS)
    truth = chance.binomial(1, 1 / (1 + np.exp(-slope * x))).astype(float)
    return truth, 1 / (1 + np.exp(-said * x))


def accuracy(seed: int, **kind: float) -> tuple[float, float, float, float]:
    """The accuracy that is estimated, its band, and the accuracy that there is."""
    reference = reference_of("binary", *world(1), np.arange(ROWS))
    truth, scores = world(seed, **kind)
    found = estimate(scores, reference.calibration, reference.metrics, ROWS, [])
    told = found.metrics["accuracy"]
    return told.value, told.low, told.high, float(((scores >= 0.5) == truth).mean())


@pytest.mark.parametrize(
    "rows", [{}, {"mean": -1.5}, {"spread": 0.3}, {"mean": 1.0, "spread": 2.0}]
)
def test_the_estimate_follows_rows_that_become_easier_or_harder(rows: dict[str, float]) -> None:
    _, low, high, real = accuracy(2, **rows)
    assert low <= real <= high


@pytest.mark.parametrize("slope", [0.4, -1.5])
def test_the_estimate_is_blind_where_the_same_rows_come_out_otherwise(slope: float) -> None:
    told, low, _, real = accuracy(3, slope=slope)
    usual, *_ = accuracy(3)
    assert told == pytest.approx(usual, abs=0.005)
    assert real < low - 0.1


def test_scores_that_are_too_sure_are_put_right_and_good_ones_are_left() -> None:
    truth, sure = world(4, said=4.0)
    calibration = calibration_of(truth, sure)
    assert calibration is not None
    fresh, scores = world(5, said=4.0)
    real = float(((scores >= 0.5) == fresh).mean())
    assert expected(scores, calibration.chances_of(scores))["accuracy"] == pytest.approx(
        real, abs=0.01
    )
    assert expected(scores, scores)["accuracy"] > real + 0.08
    few = 99
    assert calibration_of(truth[:few], sure[:few]) is None


def test_scores_that_are_chances_are_left_about_as_they_are() -> None:
    for seed in range(10, 20):
        found = calibration_of(*world(seed))
        _, scores = world(seed + 100)
        chances = scores if found is None else found.chances_of(scores)
        assert np.abs(chances - scores).mean() < 0.02


drawn = st.lists(
    st.tuples(st.sampled_from([0.1, 0.4, 0.5, 0.9]), st.sampled_from([0.0, 0.3, 0.8, 1.0])),
    min_size=1,
    max_size=7,
)


@given(drawn)
def test_expected_metrics_are_the_mean_over_all_that_may_become_true(
    rows: list[tuple[float, float]],
) -> None:
    """Every set of ones, each with its chance; of the AUC the mean number of pairs in order over that of pairs."""
    scores, chances = (np.array(column) for column in zip(*rows, strict=True))
    mean = {"brier": 0.0, "log_loss": 0.0, "accuracy": 0.0}
    won = pairs = 0.0
    for size in range(len(rows) + 1):
        for ones in combinations(range(len(rows)), size):
            truth = np.zeros(len(rows))
            truth[list(ones)] = 1
            weight = float(np.prod(np.where(truth == 1, chances, 1 - chances)))
            found = metrics.measured("binary", truth, scores, 1.0)
            for name in mean:
                mean[name] += weight * found[name].value
            count = size * (len(rows) - size)
            pairs += weight * count
            won += weight * count * (found["auc"].value if "auc" in found else 0.0)
    told = expected(scores, chances)
    for name, value in mean.items():
        assert told[name] == pytest.approx(value, abs=1e-9)
    if pairs > 1e-9:
        assert told["auc"] == pytest.approx(won / pairs, abs=1e-9)


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.integers(0, 6)), min_size=1, max_size=30))
def test_calibrated_chances_never_fall_and_keep_the_number_of_ones(
    rows: list[tuple[float, int]],
) -> None:
    truth = np.array([one for one, _ in rows])
    scores = np.array([score / 10 for _, score in rows])
    found = isotonic(truth, scores)
    chances = found.chances_of(scores)
    assert np.all(np.diff(found.chances) > 0) or len(found.chances) == 1
    assert chances.sum() == pytest.approx(truth.sum())
    assert calibration_error(truth, truth) == 0


def test_a_score_below_all_that_were_seen_means_what_the_lowest_means() -> None:
    steps = Calibration(scores=(0.2, 0.6), chances=(0.1, 0.7))
    assert steps.chances_of(np.array([0.0, 0.2, 0.59, 0.6, 1.0])).tolist() == [
        0.1,
        0.1,
        0.1,
        0.7,
        0.7,
    ]


def test_nothing_is_estimated_of_rows_unlike_any_in_the_evaluation_or_of_none() -> None:
    reference = reference_of("binary", *world(1), np.arange(ROWS))
    _, scores = world(2)
    strange = [("humid", 0.02), ("temp", 0.92)]
    found = estimate(scores, None, reference.metrics, ROWS, strange)
    assert (found.metrics, found.reason) == (
        {},
        "not estimated: 92% of temp is outside of what the evaluation saw",
    )
    assert estimate(scores, None, reference.metrics, ROWS, strange[:1]).metrics
    assert estimate(np.zeros(0), None, {}, ROWS, []).reason == "there was no prediction"
    assert estimate(scores, None, {}, ROWS, []).metrics == {}
    assert "auc" not in expected(np.array([0.5, 0.7]), np.array([1.0, 1.0]))


@pytest.mark.parametrize(
    ("kind", "of_accuracy", "of_auc"),
    [
        ({}, 0.7337673972019264, 0.8121535360200149),
        ({"mean": -1.5}, 0.8561769022527976, 0.8223854168066629),
        ({"spread": 0.3}, 0.5867931699961135, 0.6218241302698384),
    ],
)
def test_the_estimates_are_those_of_nannyml(
    kind: dict[str, float], of_accuracy: float, of_auc: float
) -> None:
    """NannyML 0.13.1's CBPE of the same scores, its calibration off; its AUC pairs each row with itself too."""
    _, scores = world(2, **kind)
    found = expected(scores, scores)
    assert found["accuracy"] == pytest.approx(of_accuracy, abs=1e-9)
    assert found["auc"] == pytest.approx(of_auc, abs=2e-5)
    itself = (scores * (1 - scores)).sum() / (scores.sum() * (1 - scores).sum())
    with_itself = found["auc"] * (1 - itself) + itself / 2
    assert with_itself == pytest.approx(of_auc, abs=2e-5)
