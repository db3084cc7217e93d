"""Predictions and their labels: each known once, the label observed last holds, and nothing told is forgotten."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.aws.arrays import pack, unpack
from trimtab.domain.captured import PREDICTION, Capture
from trimtab.domain.quality.collections import Collection, Refusal
from trimtab.domain.quality.labels import Arrivals, Labels, Taken
from trimtab.domain.quality.predictions import (
    NAMED,
    UNKNOWN,
    Predictions,
    day_of,
    key_of,
    made_at,
    predicted,
)

NOON = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())

few = st.integers(0, 5)
told = st.lists(st.tuples(few, st.sampled_from([0.0, 1.0]), st.integers(0, 4)), max_size=8)


def arrivals(rows: list[tuple[int, float, int]]) -> Arrivals:
    return Arrivals.of(
        [key for key, _, _ in rows],
        [value for _, value, _ in rows],
        [observed for _, _, observed in rows],
        [-1] * len(rows),
    )


def predictions(*keys: int, at: int = NOON, version: int = 1) -> Predictions:
    count = len(keys)
    return Predictions.of(keys, [version] * count, [at] * count, [key / 10 for key in keys])


@given(st.lists(told, max_size=5))
def test_labels_are_counted_and_hold_as_one_who_writes_all_down_would_say(
    collections: list[list[tuple[int, float, int]]],
) -> None:
    labels, all_taken = Labels.none(), Taken()
    standing: dict[int, tuple[int, float]] = {}
    for number, rows in enumerate(collections):
        labels, taken = labels.taking(arrivals(rows), f"c{number}", received=number)
        expected = {"new": 0, "repeated": 0, "corrected": 0, "outdated": 0}
        for key, value, observed in rows:
            before = standing.get(key)
            if before is None:
                outcome = "new"
            elif before[1] == value:
                outcome = "repeated"
            else:
                outcome = "corrected" if observed >= before[0] else "outdated"
            expected[outcome] += 1
            if outcome in ("new", "corrected"):
                standing[key] = (observed, value)
        assert taken == Taken(**expected)
        all_taken += taken
    assert all_taken.new == len(standing)
    known = predictions(*range(6))
    has, values = labels.of(known, np.full(6, 10))
    place = {int(key): at for at, key in enumerate(known.keys)}
    assert {key for key in range(6) if has[place[key]]} == standing.keys()
    assert {key: values[place[key]] for key in standing} == {
        key: value for key, (_, value) in standing.items()
    }


@given(told, told)
def test_a_collection_that_is_taken_again_changes_nothing_and_counts_as_before(
    first: list[tuple[int, float, int]], second: list[tuple[int, float, int]]
) -> None:
    before, _ = Labels.none().taking(arrivals(first), "a", received=1)
    once, taken = before.taking(arrivals(second), "b", received=2)
    again, taken_again = once.taking(arrivals(second), "b", received=2)
    assert taken_again == taken
    assert pack(again) == pack(once)


def test_labels_of_one_collection_that_are_placed_later_leave_the_first_in_place() -> None:
    labels, _ = Labels.none().taking(arrivals([(1, 1.0, 0)]), "a", received=1)
    labels, taken = labels.taking(arrivals([(2, 0.0, 0)]), "a", received=1)
    assert taken == Taken(new=1)
    assert labels.keys.tolist() == [1, 2]


def test_what_was_known_at_an_earlier_time_can_be_told_again() -> None:
    labels, _ = Labels.none().taking(arrivals([(1, 1.0, 5)]), "a", received=10)
    labels, _ = labels.taking(arrivals([(1, 0.0, 6)]), "b", received=20)
    known = predictions(1)
    for by, expected in ((9, None), (10, 1.0), (19, 1.0), (20, 0.0)):
        has, values = labels.of(known, np.array([by]))
        assert (values[0] if has[0] else None) == expected
    assert pack(unpack(Labels, pack(labels))) == pack(labels)
    assert labels.of(Predictions.none(), np.zeros(0, dtype=np.int64))[0].size == 0
    assert len(labels) == 2


def test_a_prediction_is_kept_once_and_found_by_version_and_time() -> None:
    both = predictions(3, 1).with_more(predictions(1, 2, version=2, at=NOON + 60))
    assert both.keys.tolist() == [1, 2, 3]
    assert both.versions.tolist() == [1, 2, 1]
    assert pack(both.with_more(both)) == pack(both)
    assert both.has(np.array([0, 2, 9], dtype=np.uint64)).tolist() == [False, True, False]
    assert not Predictions.none().has(np.array([1], dtype=np.uint64)).any()
    start = datetime.fromtimestamp(NOON, UTC)
    assert len(both.between(1, start, start + timedelta(minutes=1))) == 2
    assert len(both.between(2, start, start + timedelta(minutes=1))) == 0
    unpacked = unpack(Predictions, pack(both))
    assert unpacked.values.tolist() == both.values.tolist()


def test_captures_say_what_was_predicted_of_each_row_on_the_day_of_the_request() -> None:
    captures = [
        Capture("e1", "a", NOON, 0, {PREDICTION: [0.1, "x", 0.3]}),
        Capture("e2", "a", NOON, 3, {PREDICTION: [0.4]}),
        Capture("e3", "b", NOON + 86_400, 0, {PREDICTION: [True]}),
    ]
    found = predicted(captures, 7)
    assert found.keys() == {date(2026, 3, 2), date(2026, 3, 3)}
    first = found[date(2026, 3, 2)]
    expected = {key_of("a", row): value for row, value in ((0, 0.1), (2, 0.3), (3, 0.4))}
    assert dict(zip(first.keys.tolist(), first.values.tolist(), strict=True)) == expected
    assert first.versions.tolist() == [7, 7, 7]


def test_an_id_of_ours_says_when_it_was_made_and_no_other_does() -> None:
    ours = f"{NOON * 1000:012x}7000a000000000000000"
    assert len(ours) == 32
    assert made_at(ours, UNKNOWN, NOON) == NOON
    assert made_at(ours, NOON + 5, NOON) == NOON
    assert day_of(NOON) == date(2026, 3, 2)
    for other in (uuid.uuid4().hex[:12] + "4" + "0" * 19, "order-17", "z" * 12 + "7" + "0" * 19):
        assert made_at(other, UNKNOWN, NOON) == UNKNOWN
        assert made_at(other, NOON + 5, NOON) == NOON + 5
    in_ten_thousand_years = "f" * 12 + "7000a000000000000000"
    another_variant = ours[:16] + "c" + ours[17:]
    for strange in (in_ten_thousand_years, another_variant, "0" * 12 + ours[12:]):
        assert made_at(strange, UNKNOWN, NOON) == UNKNOWN
    for second in (NOON + 2 * 86_400, 0, -5, 300_000_000_000):
        assert made_at("order-17", second, NOON) == UNKNOWN


def test_rows_of_a_request_and_requests_are_told_apart() -> None:
    keys = {key_of(name, row) for name in ("a", "a 1", "1 a") for row in range(50)}
    assert len(keys) == 150


def test_arrivals_are_packed_whole() -> None:
    some = Arrivals.of([1, 2], [0.0, 1.0], [3, 4], [-1, 5])
    back = unpack(Arrivals, pack(some))
    assert back.made.tolist() == [-1, 5]
    assert len(back) == 2


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"received": 0}, "0 labels from f: none"),
        (
            {"received": 3, "new": 1, "unknown": 1, "refused": 1},
            "3 labels from f: 1 new, 1 unknown, 1 refused: row is below 0",
        ),
    ],
)
def test_a_collection_says_what_became_of_it(counts: dict[str, Any], sentence: str) -> None:
    why = (Refusal(reason="row is below 0", count=1),) if counts.get("refused") else ()
    known = {"id": "c", "model": "m", "source": "f", "actor": "s3", "refusals": why}
    at = datetime(2026, 3, 2, tzinfo=UTC)
    collection = Collection(received_at=at, **known, **counts)
    assert collection.sentence == sentence
    entry = collection.entry("e1", at, "ana")
    assert (entry.action, entry.reason, entry.actor) == ("LabelsCollected", sentence, "ana")
    assert entry.after["new"] == counts.get("new", 0)


predictions_of_a_day = st.lists(
    st.tuples(st.integers(0, 3000), st.sampled_from([0.1, 0.4, 0.5, 0.9])), max_size=200
)


@given(predictions_of_a_day, st.integers(0, 200), st.randoms(use_true_random=False))
def test_the_names_that_are_kept_hang_on_nothing_but_the_predictions(
    drawn: list[tuple[int, float]], cut: int, chance: Any
) -> None:
    drawn = list(dict(drawn).items())  # an id that is used again is a repetition

    def kept(rows: list[tuple[int, float]]) -> Predictions:
        ids = [f"id{number}" for number, _ in rows]
        values = [value for _, value in rows]
        keys, ones = [key_of(name, 0) for name in ids], [1] * len(rows)
        return Predictions.of(keys, ones, ones, values, names=[(name, 0) for name in ids])

    whole = kept(drawn)
    chance.shuffle(drawn)
    parts = kept(drawn[:cut]).with_more(kept(drawn[cut:]))
    for name in ("named", "ids", "rows"):
        assert getattr(parts, name).tolist() == getattr(whole, name).tolist()
    assert whole.named.tolist()[:NAMED] == whole.keys.tolist()[:NAMED]
    assert len(whole.named) <= 2 * NAMED
    for key, name, row in zip(whole.named.tolist(), whole.ids, whole.rows.tolist(), strict=True):
        assert key_of(str(name), row) == key
    far = dict(zip(whole.keys.tolist(), abs(whole.values - 0.5).tolist(), strict=True))
    least = sorted(far.values())[:NAMED]
    uncertain = whole.named[whole.uncertain(whole.names)].tolist()
    assert sorted(far[key] for key in uncertain) == least
    assert unpack(Predictions, pack(whole)).ids.tolist() == whole.ids.tolist()
