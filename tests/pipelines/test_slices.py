"""Slices: where a challenger is worse although it is as good on the whole, and how seldom that is said by chance."""

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.steps.bootstrap import Interval
from pipelines.steps.gate import slices_check
from pipelines.steps.slices import (
    MISSING,
    Question,
    Slice,
    chance_of_no_worse,
    judge_slices,
    levels,
    with_verdicts,
)

QUESTION = Question("auc", margin=0.05, minimum_rows=200, seed=1)


def made(rows: int, seed: int) -> tuple[pd.DataFrame, np.ndarray, dict[str, np.ndarray]]:
    """Rows of four airlines, their truth, and two models that are equally good everywhere."""
    random = np.random.default_rng(seed)
    airline = random.choice(["AA", "B6", "DL", "UA"], rows, p=[0.4, 0.3, 0.28, 0.02])
    truth = (random.random(rows) < 0.3).astype(np.float64)
    answers = {who: truth * 0.4 + random.random(rows) for who in ("challenger", "champion")}
    return pd.DataFrame({"airline": airline}), truth, answers


def test_a_challenger_that_fails_one_airline_is_worse_there_and_nowhere_else():
    rows, truth, answers = made(6000, seed=3)
    struck = (rows["airline"] == "DL").to_numpy()
    answers["challenger"][struck] = np.random.default_rng(4).random(struck.sum())
    slices = judge_slices(rows, ["airline"], truth, answers, QUESTION)
    assert [(each.name, each.verdict) for each in slices] == [
        ("airline=DL", "worse"),
        *[(each.name, each.verdict) for each in slices[1:]],
    ]
    assert {each.name: each.verdict for each in slices[1:]} == {
        "airline=AA": "ok",
        "airline=B6": "ok",
        "airline=UA": "unknown",  # 2 % of the rows are too few
    }
    check = slices_check("auc", slices, 0.05)
    assert not check.passed
    assert check.sentence.startswith("auc gain -0.")
    assert "in airline=DL (" in check.sentence


def test_slices_without_a_champion_have_a_value_and_no_verdict_against_them():
    rows, truth, answers = made(3000, seed=5)
    alone = {"challenger": answers["challenger"]}
    slices = judge_slices(rows, ["airline"], truth, alone, QUESTION)
    assert {each.verdict for each in slices} == {"ok", "unknown"}
    assert all(each.gain is None for each in slices)
    told = slices_check("auc", slices, 0.05)
    assert told.passed
    assert told.sentence == "none of 4 slices worse by 0.05, 1 with too few rows"


def test_equal_models_are_seldom_refused_however_many_slices_there_are():
    refused = 0
    for seed in range(40):
        rows, truth, answers = made(3000, seed=100 + seed)
        slices = judge_slices(rows, ["airline"], truth, answers, QUESTION)
        refused += any(each.verdict == "worse" for each in slices)
    assert refused <= 4  # at the margin's edge 5 % would be; equal models are 0.05 away from it


def test_one_class_alone_says_nothing_of_an_auc():
    rows = pd.DataFrame({"airline": ["AA"] * 300})
    answers = {"challenger": np.linspace(0, 1, 300)}
    [only] = judge_slices(rows, ["airline"], np.zeros(300), answers, QUESTION)
    assert only.verdict == "unknown"


def test_a_number_is_cut_into_quarters_and_what_is_missing_stands_alone():
    values = pd.Series([*np.arange(100.0), np.nan])
    found = dict(levels(values))
    assert [len(rows) for rows in found.values()] == [25, 25, 25, 25, 1]
    assert list(found)[-1] == MISSING
    assert sorted(np.concatenate(list(found.values()))) == list(range(101))


@given(st.floats(-1, 1), st.floats(0.001, 1), st.floats(0, 0.5))
def test_the_p_value_is_the_normal_one(gain: float, error: float, margin: float):
    expected = NormalDist().cdf((gain + margin) / error)
    assert chance_of_no_worse(gain, error, margin) == pytest.approx(expected, abs=1e-12)


def test_a_difference_that_never_varies_is_judged_as_it_is():
    assert chance_of_no_worse(0.0, 0.0, 0.05) == 1.0
    assert chance_of_no_worse(-0.1, 0.0, 0.05) == 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_worse_is_what_benjamini_and_hochberg_call_so(chances: list[float]):
    gain = Interval(0, 0, 0)
    slices = [Slice("a", str(at), 300, "ok", 0.7, gain, p) for at, p in enumerate(chances)]
    told = [each.verdict == "worse" for each in with_verdicts(slices)]
    assert told == [each <= 0.05 for each in adjusted(chances)]


def adjusted(chances: list[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values, from the largest down (their 1995 paper, section 2)."""
    order, least = sorted(range(len(chances)), key=lambda at: -chances[at]), 1.0
    found = dict.fromkeys(order, 1.0)
    for place, at in enumerate(order):
        least = min(least, chances[at] * len(chances) / (len(chances) - place))
        found[at] = least
    return [found[at] for at in range(len(chances))]
