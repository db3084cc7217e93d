"""Captures in counts: each event once, whatever the order, and a request's values as files have them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.captured import PREDICTION, Hour, cells_of, count, read_capture
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.accepted import AcceptedPeriod, standing
from trimtab.domain.drift.incidents import Followed, Incident
from trimtab.domain.drift.policy import DriftPolicy
from trimtab.domain.drift.report import DriftReport, Judgement, Trace
from trimtab.domain.events import DriftCleared, DriftDetected
from trimtab.domain.monitoring import Monitoring, full_hour
from trimtab.domain.reference import Reference
from trimtab.domain.watched import Watch, WatchedWindow, blinded, detected, kept
from trimtab.errors import Conflict

TYPES = {"temp": ColumnType.number, "origin": ColumnType.string, PREDICTION: ColumnType.number}
NOON = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)  # a Wednesday


def line(
    event: int, temp: float | None = 1.5, origin: str | None = "EWR", score: float = 0.5
) -> bytes:
    asked = {"columns": ["temp", "origin"], "data": [[temp, origin]]}
    record = {
        "captureData": {
            "endpointInput": {"data": json.dumps(asked)},
            "endpointOutput": {"data": json.dumps({"predictions": [score]})},
        },
        "eventMetadata": {
            "eventId": str(event),
            "inferenceId": f"i{event}",
            "inferenceTime": "2026-03-04T12:30:00Z",
            "firstRow": 0,
        },
    }
    return json.dumps(record).encode()


def counted(hour: Hour, objects: dict[str, list[bytes]]) -> Hour:
    return hour.with_news(hour.news(objects, objects.__getitem__), TYPES, {})


temps = st.none() | st.floats(-40, 130)
origins = st.sampled_from(["EWR", "JFK", "", None])
events = st.lists(st.tuples(temps, origins, st.floats(0, 1)), min_size=1, max_size=12)


@given(events, st.data())
def test_order_pieces_and_repetitions_change_no_bit(drawn: list, data: st.DataObject) -> None:
    lines = [line(number, *each) for number, each in enumerate(drawn)]
    once = counted(Hour(), {"all": lines})
    objects: dict[str, list[bytes]] = {}
    for number, each in enumerate(data.draw(st.permutations(lines + lines[:3]))):
        objects.setdefault(f"o{number % 3}", []).append(each)
    hour = Hour()
    for name in data.draw(st.permutations(sorted(objects))):
        hour = counted(hour, {name: objects[name]})
    assert hour.profile == once.profile
    assert hour.events == once.events
    assert counted(hour, objects) == hour
    assert not hour.news(objects, objects.__getitem__).objects


def test_a_column_that_some_requests_lack_is_missing_there() -> None:
    record = json.loads(line(1))
    asked = {"columns": ["origin"], "data": [["EWR"]]}
    record["captureData"]["endpointInput"]["data"] = json.dumps(asked)
    lines = [json.dumps(record).encode(), line(2)]
    hour = counted(Hour(), {"a": lines})
    assert (hour.profile.columns["temp"].count, hour.profile.columns["temp"].missing) == (2, 1)


@pytest.mark.parametrize("broken", [b"hello", b"{}", b"[]", line(1).replace(b"[0.5]", b"[0.5, 1]")])
def test_what_is_no_capture_is_refused(broken: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_capture(broken)
    assert counted(Hour(), {"a": [broken]}).unread == 1


def test_booleans_have_the_levels_of_files() -> None:
    cells = cells_of(ColumnType.boolean, [True, False, None, True])
    assert cells.counts() == {"true": 2, "false": 1}
    assert cells.text(0) == "true"
    assert cells.as_numbers().tolist() == [1, 0, 0, 1]
    assert cells_of(ColumnType.boolean, []).as_numbers().tolist() == []
    numbers = cells_of(ColumnType.number, [1, None, -0.0])
    assert numbers.values().tolist() == [1.0, 0.0]
    assert numbers.as_numbers().tolist() == [1.0, 0.0, 0.0]
    assert numbers.text(0) == "1"


def test_windows_begin_at_full_days_and_weeks_and_are_due_an_hour_after_their_end() -> None:
    day, week = Monitoring(), Monitoring(window_hours=168)
    assert day.begin(NOON) == NOON.replace(hour=0, minute=0)
    assert week.begin(NOON) == datetime(2026, 3, 2, tzinfo=UTC)
    midnight = day.begin(NOON)
    assert list(day.due(midnight, midnight + timedelta(hours=24, minutes=59))) == []
    assert list(day.due(midnight, midnight + timedelta(hours=50))) == [
        midnight,
        midnight + timedelta(days=1),
    ]
    assert full_hour(NOON) == NOON.replace(minute=0)


@pytest.mark.parametrize(
    ("hours", "slots"), [(24, [0, 0, 5, 6]), (12, [0, 1, 10, 13]), (1, [0, 20, 120, 167])]
)
def test_parts_of_the_week_are_numbered_from_monday(hours: int, slots: list[int]) -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    policy = Monitoring(window_hours=hours, season="week")
    moments = [0, 20, 120, 167]
    assert [policy.slot(monday + timedelta(hours=each)) for each in moments] == slots
    assert Monitoring(window_hours=hours).slot(monday) is None
    assert Monitoring(window_hours=168, season="week").slot(monday) is None


def judged(cause: str = "data") -> tuple[WatchedWindow, DriftReport]:
    worst = Judgement(
        column="temp",
        aspect="distribution",
        cause=cause,
        state="drift",
        sentence="temp drifts",
        measure="js",
        effect=0.4,
        floor=0.13,
    )
    policy = DriftPolicy()
    report = DriftReport(
        state="drift",
        sentence="1 column drifts",
        rows=600,
        reference_rows=6000,
        policy=policy,
        rule=policy.rule(24),
        judgements=(worst,),
        trace=Trace(marks={}),
    )
    window = WatchedWindow(
        version=1,
        start=NOON,
        end=NOON,
        state="drift",
        reason="1 column drifts",
        rows=600,
        drifted=("temp",),
        judged_at=NOON,
        report_uri=None,
    )
    return window, report


def test_what_opens_is_told_with_its_numbers_and_what_closes_with_its_columns() -> None:
    window, report = judged()
    incident = Incident(id="i", cause="data", opened_at=NOON, columns=("temp",), sentence="over")
    opened = detected("m", window, report, "data", Followed(incident, "opened", True))
    assert isinstance(opened, DriftDetected)
    assert (opened.metric, opened.effect, opened.limit) == ("js", 0.4, 0.13)
    closed = detected("m", window, report, "data", Followed(incident, "closed", True))
    assert isinstance(closed, DriftCleared)
    assert (closed.features, closed.reason) == (("temp",), "over")


@pytest.mark.parametrize(
    ("cause", "followed"),
    [
        ("data", Followed(None, "none", False)),
        (
            "data",
            Followed(
                Incident(id="i", cause="data", opened_at=NOON, columns=(), sentence=""),
                "goes_on",
                False,
            ),
        ),
        (
            "feed",
            Followed(
                Incident(id="i", cause="feed", opened_at=NOON, columns=(), sentence=""),
                "opened",
                True,
            ),
        ),
    ],
)
def test_what_nobody_need_hear_is_not_told(cause: str, followed: Followed) -> None:
    window, report = judged()
    assert detected("m", window, report, cause, followed) is None


def test_windows_of_which_nothing_can_be_told_are_told_when_they_are_three() -> None:
    window, _ = judged()
    assert [len(blinded("m", "drift", window, blind)) for blind in range(6)] == [0, 0, 0, 1, 0, 0]
    [told] = blinded("m", "drift", window, 3)
    assert told.reason == (
        "nothing could be told of 3 windows in a row; of the last: 1 column drifts"
    )


def test_what_was_told_once_is_no_news_any_more() -> None:
    window, report = judged()
    incident = Incident(id="i", cause="data", opened_at=NOON, columns=("temp",), sentence="over")
    opened = detected("m", window, report, "data", Followed(incident, "opened", True))
    closed = detected("m", window, report, "data", Followed(incident, "closed", True))
    assert isinstance(opened, DriftDetected)
    assert isinstance(closed, DriftCleared)
    blind = blinded("m", "drift", window, 3)
    watch = Watch(
        version=1,
        since=NOON,
        judged_until=NOON,
        incidents={"data": incident},
        detected=(opened,),
        cleared=(closed,),
        blind=3,
        blinded=blind,
    )
    assert watch.news == (opened, closed, *blind)
    told = watch.without_news()
    assert told.news == ()
    assert (told.incidents, told.blind) == (watch.incidents, 3)


def test_only_the_traces_that_later_windows_need_are_kept() -> None:
    newest = Trace(marks={})
    assert kept([], newest, 6) == (newest,)
    assert len(kept([newest] * 6, newest, 6)) == 6


def test_the_period_that_was_accepted_last_counts_from_its_first_window_on() -> None:
    told = {"version": 1, "start": NOON, "end": NOON, "windows": 1, "rows": 1, "at": NOON}
    first, second = (
        AcceptedPeriod(since=NOON + timedelta(days=days), actor="ana", reason="r", **told)
        for days in (1, 3)
    )
    for hours, expected in ((23, None), (24, first), (71, first), (72, second)):
        assert standing([second, first], NOON + timedelta(hours=hours)) == expected


def test_profiles_that_were_made_against_different_baselines_merge_without_them() -> None:
    ours, theirs = (
        count([read_capture(line(1, temp))], TYPES, {"temp": Reference(edges=(edge,))})
        for temp, edge in ((1.0, 0.5), (2.0, 1.5))
    )
    with pytest.raises(Conflict):
        ours.merge(theirs)
    both = ours.without_reference().merge(theirs.without_reference())
    assert both.rows == 2
    numbers = both.columns["temp"].numbers
    assert numbers is not None
    assert (numbers.between, numbers.maximum) == (None, 2.0)
