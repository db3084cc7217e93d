"""Arrivals, manifests and the sentences that tell of anomalies."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trimtab.domain.anomalies import Anomaly, AnomalyCode, Tally, cut, in_one_sentence, of_rows
from trimtab.domain.columns import ColumnType
from trimtab.domain.datasets import (
    NO_MODEL,
    Arrival,
    Batch,
    DatasetVersion,
    Manifest,
)
from trimtab.domain.manifests import chosen, labelled_rows, newest_moment, next_manifest
from trimtab.domain.profile import ColumnProfile, Numbers, Profile
from trimtab.domain.windows import Window

NOW = datetime(2013, 2, 1, tzinfo=UTC)


def batch(number: int, rows: int = 10) -> Batch:
    return Batch(
        key=f"incoming/flights/{number}.csv",
        version_id="v",
        size=100,
        sha256=f"{number:064x}",
        rows=rows,
        format="csv",
    )


def after(previous: Manifest | None, newest: Batch, window: int | None = None) -> Manifest:
    version = previous.version + 1 if previous else 1
    accepted = (*(previous.batches if previous else ()), newest)
    policy = Window(last=window)
    return next_manifest(version, accepted, model="flights", window=policy, now=NOW)


@pytest.mark.parametrize(
    ("key", "model"),
    [
        ("incoming/flights/a.csv", "flights"),
        ("incoming/flights/2013/01/a.csv", "flights"),
        ("incoming/flights/", "flights"),
        ("incoming/a.csv", NO_MODEL),
        ("incoming//a.csv", NO_MODEL),
        ("incoming/", NO_MODEL),
        ("incoming/fl+ghts é/a.csv", "fl+ghts é"),
    ],
)
def test_the_folder_below_incoming_names_the_model(key, model):
    assert Arrival(key=key, version_id="v").model == model


@given(st.text())
def test_every_key_has_a_model_of_bounded_length(key):
    assert 1 <= len(Arrival(key=f"incoming/{key}", version_id="v").model) <= 100


def test_a_batch_remembers_as_what_it_arrived():
    assert batch(1).arrival == Arrival(key="incoming/flights/1.csv", version_id="v")


def test_the_new_rows_of_a_version_are_those_of_its_newest_batch():
    version = DatasetVersion(
        model="flights",
        version=2,
        rows=30,
        batch_count=2,
        batches_digest="",
        batch=batch(2, rows=20),
        manifest_uri="",
        profile_uri="",
        created_at=NOW,
        reason="",
    )
    assert version.batch_rows == 20


@given(st.integers(1, 12), st.one_of(st.none(), st.integers(1, 15)))
def test_a_version_holds_the_newest_batches_that_the_window_takes(count, window):
    manifest = None
    for number in range(count):
        manifest = after(manifest, batch(number, rows=number), window)
    assert manifest is not None
    kept = list(range(count))[-(window or count) :]
    assert manifest.version == count
    assert [int(one.sha256, 16) for one in manifest.batches] == kept
    assert manifest.rows == sum(kept)


def of_day(number: int, *, rows_of: int | None = None, accepted: int | None = None) -> Batch:
    days = {"newest_row_at": rows_of, "accepted_at": accepted}
    moments = {name: datetime(2013, 1, day, 12, tzinfo=UTC) for name, day in days.items() if day}
    return batch(number).model_copy(update=moments)


def test_a_window_since_a_day_goes_by_the_rows_and_without_times_by_the_arrival():
    offered = [
        of_day(1, rows_of=9, accepted=20),
        of_day(2, rows_of=10, accepted=1),
        of_day(3, accepted=9),
        of_day(4, accepted=10),
        of_day(5),
    ]
    late = of_day(6, rows_of=2)
    kept = chosen([*offered, late], Window(since=date(2013, 1, 10)))
    assert [int(one.sha256, 16) for one in kept] == [2, 4, 5, 6]
    after_it = chosen([*kept, of_day(7, rows_of=11)], Window(since=date(2013, 1, 10)))
    assert [int(one.sha256, 16) for one in after_it] == [2, 4, 5, 7]


def test_a_window_with_two_limits_takes_what_both_let_in():
    offered = [of_day(number, rows_of=number) for number in range(1, 10)]
    kept = chosen(offered, Window(since=date(2013, 1, 7), last=2))
    assert [int(one.sha256, 16) for one in kept] == [8, 9]
    kept = chosen(offered, Window(since=date(2013, 1, 8), last=5))
    assert [int(one.sha256, 16) for one in kept] == [8, 9]


def test_the_newest_moment_is_that_of_the_time_column():
    stamp = datetime(2013, 1, 31, 23, 59, tzinfo=UTC)
    micros = stamp.timestamp() * 1e6
    numbers = Numbers(minimum=0.0, maximum=micros, total="0")
    profile = Profile(
        rows=2,
        columns={
            "at": ColumnProfile(type=ColumnType.datetime, count=2, numbers=numbers),
            "distance": ColumnProfile(type=ColumnType.integer, count=2, numbers=numbers),
            "never": ColumnProfile(type=ColumnType.datetime, count=2, missing=2),
        },
    )
    assert newest_moment(profile, "at") == stamp
    for column in (None, "distance", "never", "not there"):
        assert newest_moment(profile, column) is None


def test_the_digest_tells_the_order_and_the_content_of_batches():
    one, two = batch(1), batch(2)
    ab, ba = after(after(None, one), two), after(after(None, two), one)
    assert ab.digest != ba.digest
    assert ab.digest == after(after(None, one), two).digest


def test_a_manifest_whose_rows_do_not_add_up_cannot_be_built():
    with pytest.raises(ValidationError, match="not the sum"):
        Manifest(model="m", version=1, batches=(batch(1),), rows=11, created_at=NOW)


def test_the_sentence_of_a_version_tells_batches_and_rows():
    first = after(None, batch(1))
    assert first.sentence.endswith("dataset version 1 holds 1 batch with 10 rows")
    assert after(first, batch(2)).sentence == (
        "incoming/flights/2.csv keeps its contract in all 10 rows; "
        "dataset version 2 holds 2 batches with 20 rows"
    )


def test_one_sentence_tells_three_anomalies_and_counts_the_others():
    found = [Anomaly(code=AnomalyCode.wrong_type, sentence=f"s{i}") for i in range(5)]
    assert in_one_sentence(found[:3]) == "s0; s1; s2"
    assert in_one_sentence(found) == "s0; s1; s2; and 2 more, see the report"


@given(st.text(st.characters(), max_size=300))
def test_whatever_is_repeated_from_the_data_is_short_and_can_be_written_as_json(text):
    shown = cut(text)
    assert len(shown) <= 100
    Anomaly(code=AnomalyCode.wrong_type, sentence=shown).model_dump_json()


def test_an_anomaly_without_a_row_says_so_without_a_place():
    anomaly = of_rows(AnomalyCode.field_count, Tally(), rows=0, what="are short")
    assert (anomaly.sentence, anomaly.share) == ("0 of 0 rows (100 %) are short", 1.0)


def test_a_tally_counts_on_when_it_keeps_no_more_examples():
    tally = Tally()
    for row in range(1, 31):
        tally.add(1, [(row, "x")])
    assert (tally.count, len(tally.examples), tally.room) == (30, 20, 0)


def test_rows_whose_target_is_known_are_labelled_and_none_is_without_the_column():
    late = ColumnProfile(type=ColumnType.boolean, count=10, missing=3)
    profile = Profile(rows=10, columns={"late": late})
    assert labelled_rows(profile, "late") == 7
    assert labelled_rows(profile, "price") == 0
