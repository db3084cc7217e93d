"""McNemar's test: who is right where the other is not, and how seldom so uneven a split comes by chance."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.steps.mcnemar import McNemar, compare


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_p_value_is_that_of_throwing_a_coin_for_each_row_that_tells(one: int, other: int):
    rows, fewer = one + other, min(one, other)
    tail = sum(Fraction(comb(rows, right), 2**rows) for right in range(fewer + 1))
    assert McNemar(one, other).p_value == pytest.approx(float(min(Fraction(1), 2 * tail)), rel=1e-9)
    assert McNemar(one, other).p_value == McNemar(other, one).p_value


def test_the_p_value_of_many_rows_is_what_statistics_packages_say():
    # scipy.stats.binomtest(k, n, 0.5).pvalue of SciPy 1.17.1
    assert McNemar(4_900, 5_100).p_value == pytest.approx(0.04658552770494645, rel=1e-9)
    assert McNemar(499_000, 501_000).p_value == pytest.approx(0.0456082998653896, rel=1e-7)
    assert McNemar(0, 2_000_000).p_value == 0  # less than a float can say


def test_only_rows_that_one_model_alone_answers_right_count():
    truth = np.array([1.0, 1.0, 0.0, 0.0, 1.0])
    challenger = np.array([0.9, 0.5, 0.1, 0.2, 0.1])
    champion = np.array([0.8, 0.4, 0.7, 0.3, 0.6])
    found = compare(truth, challenger, champion)
    assert (found.only_challenger, found.only_champion) == (2, 1)
    assert found.as_json() == {
        "only_challenger": 2,
        "only_champion": 1,
        "p_value": 1.0,
        "sentence": "only the challenger is right on 2 rows, only the champion on 1 (McNemar's exact p 1)",
    }


def test_models_that_are_equally_good_are_told_apart_no_oftener_than_the_p_value_says():
    """3,000 pairs of models without a difference, seeded: at p 0.05 at most 5 % and little less, since it is exact."""
    random = np.random.default_rng(11)
    splits = random.binomial(400, 0.5, 3_000)
    said = np.mean([McNemar(int(one), 400 - int(one)).p_value <= 0.05 for one in splits])
    assert 0.03 < said <= 0.055
