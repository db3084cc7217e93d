"""Quality by slices: like with like, no false alarm between many, and the worst named."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from trimtab.aws.arrays import pack, unpack
from trimtab.domain.captured import PREDICTION, Capture
from trimtab.domain.quality.breach import NOTHING
from trimtab.domain.quality.judging import Outcomes, Question, judge_quality
from trimtab.domain.quality.measured import Measured
from trimtab.domain.quality.policy import QualityPolicy
from trimtab.domain.quality.predictions import (
    SLOTS,
    Predictions,
    predicted,
    slice_code,
    slice_name,
)
from trimtab.domain.quality.reference import reference_of
from trimtab.domain.quality.slices import judge_slices, slice_references, told
from trimtab.domain.quality.windows import QualityWatch, QualityWindow

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = QualityPolicy(label_delay_hours=24)
AIRPORTS = np.array(["EWR", "JFK", "LGA"], dtype=object)


def coded(*columns: np.ndarray) -> np.ndarray:
    codes = np.zeros((len(columns[0]), SLOTS), dtype=np.uint32)
    for slot, (name, column) in enumerate(zip(("origin", "wet"), columns, strict=False)):
        codes[:, slot] = [slice_code(slice_name(name, each)) for each in column.tolist()]
    return codes


def rows(count: int, seed: int, bad: str | None = None) -> tuple[np.ndarray, ...]:
    """Airports, chances and outcomes; at a bad airport outcomes have nothing to do with the chances."""
    chance = np.random.default_rng(seed)
    origin = chance.choice(AIRPORTS, count)
    said = chance.beta(1, 3, count)
    real = np.where(origin == bad, 0.7, said)
    return origin, said, chance.binomial(1, real).astype(float)


def reference(least: int = 300):
    origin, said, truth = rows(6000, 1)
    wet = np.array([None if each % 50 == 0 else "yes" for each in range(6000)], dtype=object)
    sliced = {"origin": origin, "wet": wet}
    return reference_of("binary", truth, said, np.arange(6000), sliced=sliced, least=least)


def judged(
    origin: np.ndarray, said: np.ndarray, truth: np.ndarray, *, labelled: int | None = None
) -> QualityWindow:
    has = np.arange(said.size) < (said.size if labelled is None else labelled)
    outcomes = Outcomes(said, has, truth, coded(origin))
    question = Question("m", "binary", POLICY, reference(), MONDAY, MONDAY + DAY, MONDAY + 2 * DAY)
    watch = QualityWatch(version=1, judged_until=MONDAY, stakes=NOTHING)
    return judge_quality(question, watch, outcomes)[0]


def test_slices_of_the_evaluation_are_those_with_rows_enough() -> None:
    assert set(reference().slices) == {"origin=EWR", "origin=JFK", "origin=LGA", "wet=yes"}
    assert "wet=(missing)" in reference(least=100).slices
    assert reference().slices["origin=EWR"].value == pytest.approx(reference().loss.value, rel=0.1)


def test_a_slice_that_is_worse_is_named_though_the_whole_is_well() -> None:
    origin, said, truth = rows(900, 2)
    few = np.flatnonzero(origin == "LGA")[:130]  # the others of LGA are not asked for
    keep = np.isin(np.arange(900), few) | (origin != "LGA")
    origin, said, truth = origin[keep], said[keep], truth[keep]
    wrong = origin == "LGA"
    truth[wrong] = np.random.default_rng(3).binomial(1, 0.6, int(wrong.sum()))
    window = judged(origin, said, truth)
    assert next(iter(window.slices)) == "origin=LGA"
    assert [one.state for one in window.slices.values()] == [
        "worse",
        "ok",
        "ok",
        "insufficient_data",
    ]
    lga = window.slices["origin=LGA"]
    assert lga.labels == 130
    assert lga.loss is not None
    assert f"worse in origin=LGA (brier {lga.loss.value:.4g}, in the evaluation" in window.reason
    assert window.state == "ok"


def test_where_nothing_is_worse_nothing_is_said_of_slices() -> None:
    window = judged(*rows(900, 4))
    assert "worse in" not in window.reason
    assert {one.state for one in window.slices.values()} == {"ok", "insufficient_data"}
    assert window.slices["wet=yes"].labels == 0
    assert window.slices["wet=yes"].loss is None


def test_slices_wait_for_labels_like_the_whole() -> None:
    assert judged(*rows(900, 4), labelled=50).slices == {}


def test_many_slices_raise_no_false_alarm_between_them() -> None:
    """Forty slices that lose what they may at most, 400 windows: at most 1 % of them say that any is worse."""
    chance, names = np.random.default_rng(5), [f"s={n}" for n in range(40)]
    usual = {name: Measured(value=0.2, low=0.2, high=0.2 / 1.1) for name in names}
    codes = np.zeros((40 * 150, SLOTS), dtype=np.uint32)
    codes[:, 0] = np.repeat([slice_code(name) for name in names], 150)
    alarms = 0
    for _ in range(400):
        lost = chance.binomial(1, 0.2, len(codes)).astype(float)
        found = judge_slices(usual, codes, lost, POLICY, 1.0)
        alarms += any(one.state == "worse" for one in found.values())
    assert alarms / 400 <= 2.5 * POLICY.alpha, "the normal interval of 150 labels is a little short"


def test_the_worst_slices_are_told_and_the_rest_counted() -> None:
    codes = np.zeros((1000, SLOTS), dtype=np.uint32)
    names = [f"s={n}" for n in range(5)]
    codes[:, 1] = np.repeat([slice_code(name) for name in names], 200)
    usual = dict.fromkeys(names, Measured(value=0.1, low=0.1, high=0.1))
    lost = np.repeat([0.5, 0.9, 0.6, 0.8, 0.7], 200)
    found = judge_slices(usual, codes, lost, POLICY, 1.0)
    assert list(found) == ["s=1", "s=3", "s=4", "s=2", "s=0"]
    assert told(found, "mae") == (
        "; worse in s=1 (mae 0.9, in the evaluation 0.1), s=3 (mae 0.8, in the evaluation 0.1), "
        "s=4 (mae 0.7, in the evaluation 0.1) and 2 more slices"
    )
    assert told({}, "mae") == ""
    same = judge_slices(usual, codes, np.full(1000, 0.1), POLICY, 1.0)
    assert {one.state for one in same.values()} == {"ok"}


def test_captures_say_in_which_slices_a_prediction_lies() -> None:
    columns = {"origin": ["EWR", None], "wet": [True, False], PREDICTION: [0.5, 0.25]}
    capture = Capture("e", "id", int(MONDAY.timestamp()), 0, columns)
    [found] = predicted([capture], 1, ["origin", "wet", "gone"]).values()
    by_value = dict(zip(found.values.tolist(), found.slices.tolist(), strict=True))
    assert by_value[0.5] == [slice_code("origin=EWR"), slice_code("wet=true"), 0, 0]
    assert by_value[0.25] == [slice_code("origin=(missing)"), slice_code("wet=false"), 0, 0]
    assert unpack(Predictions, pack(found)).slices.tolist() == found.slices.tolist()
    more = Predictions.of([7], [1], [found.at[0]], [0.1])
    assert min(map(tuple, found.with_more(more).slices.tolist())) == (0,) * SLOTS


def test_predictions_that_were_kept_before_there_were_slices_lie_in_none() -> None:
    old = Predictions.of([1, 2], [1, 1], [0, 0], [0.1, 0.2])
    arrays = {name: getattr(old, name) for name in ("keys", "versions", "at", "values")}
    assert Predictions(**arrays).slices.tolist() == [[0] * SLOTS] * 2
    assert slice_references({}, np.zeros(3), 1.0, 1) == {}
