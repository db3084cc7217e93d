"""A model's life: which window what was done belongs to, the page, its pictures, and the command that shows them."""

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from trimtab.cli import session
from trimtab.cli.life import bar, rows_of
from trimtab.cli.main import trimtab
from trimtab.domain.audit import AuditEntry
from trimtab.domain.life.chapters import Chapter, chapters_of, word_of
from trimtab.domain.life.chart import drifted, timeline
from trimtab.domain.life.page import life_page, summary
from trimtab.domain.quality.windows import Interval, QualityWindow
from trimtab.domain.watched import WatchedWindow
from trimtab.errors import InvalidInput

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
HOSTILE = "<script>alert('x')</script>"


def window(day: int, version: int = 1, *, rows: int = 900, columns: tuple[str, ...] = ()) -> Any:
    return WatchedWindow(
        version=version,
        start=MONDAY + day * DAY,
        end=MONDAY + (day + 1) * DAY,
        state="drift" if columns else "ok",
        reason=f"{len(columns)} drifted",
        rows=rows,
        drifted=columns,
        judged_at=MONDAY + (day + 2) * DAY,
        report_uri=None,
    )


def quality(day: int, version: int = 1, *, auc: float | None = 0.7, state: Any = "ok") -> Any:
    metric = (
        {}
        if auc is None
        else {"auc": Interval(value=auc, low=auc - 0.1, high=auc + 0.1, usual=0.72)}
    )
    return QualityWindow(
        version=version,
        start=MONDAY + day * DAY,
        end=MONDAY + (day + 1) * DAY,
        state=state,
        reason="brier 0.2 & more",
        predictions=900,
        labels=800,
        metrics=metric,
        evidence=1.0,
        judged_at=MONDAY + (day + 3) * DAY,
    )


def entry(day: float, action: str, subject: str = "version 2", **after: Any) -> AuditEntry:
    return AuditEntry(
        id=f"{day}-{action}",
        model="m",
        at=MONDAY + day * DAY,
        actor="trimtab",
        action=action,
        subject=subject,
        after=after or None,
        reason=f"since {HOSTILE}",
    )


def decision(kind: str) -> dict[str, Any]:
    return {"kind": "start", "cause": {"kind": kind}}


WINDOWS = [
    window(0),
    window(1, columns=("temp", HOSTILE)),
    window(2, rows=0),
    window(3, 2),
    window(4, 3),
]
JUDGED = [
    quality(0),
    quality(1, auc=0.6, state="breached"),
    quality(3, 2, auc=None, state="insufficient_data"),
]
ENTRIES = [
    entry(-1, "RolloutPromoted", "version 1"),
    entry(1.5, "QualityBreached"),
    entry(2.5, "TrainingRequested", decision=decision("quality")),
    entry(2.6, "TrainingFinished", phase="failed"),
    entry(3.1, "RolloutPromoted", champion=2),
    entry(3.2, "DatasetAccepted"),
    entry(3.3, "RolloutRolledBack", "alias champion", champion=1, blocked=2),
]
CHAPTERS = chapters_of(reversed(WINDOWS), JUDGED, reversed(ENTRIES))


def test_what_was_done_belongs_to_the_window_that_had_begun_before_it() -> None:
    assert [one.window.start.day for one in CHAPTERS] == [2, 3, 5, 6]
    assert [one.quality.state if one.quality else None for one in CHAPTERS] == [
        "ok",
        "breached",
        "insufficient_data",
        None,
    ]
    assert [one.acts for one in CHAPTERS] == [
        (),
        ("quality lost", "trained: quality", "the gate said no"),
        ("v2 took over", "v2 rolled back"),
        (),
    ]


@given(st.permutations(WINDOWS), st.permutations(ENTRIES))
def test_the_order_in_which_things_are_read_changes_nothing(
    windows: list[WatchedWindow], entries: list[AuditEntry]
) -> None:
    assert chapters_of(windows, JUDGED, entries) == CHAPTERS


@pytest.mark.parametrize(
    ("told", "word"),
    [
        (entry(0, "TrainingSkipped", decision=decision("new_data")), "not trained: new data"),
        (entry(0, "TrainingSkipped", decision=decision("schedule")), None),
        (entry(0, "TrainingDeferred", decision=decision("drift")), "waits: drift"),
        (entry(0, "TrainingRequested"), "trained: nobody"),
        (entry(0, "TrainingFinished", phase="error"), "training failed"),
        (entry(0, "TrainingFinished", phase="successful"), None),
        (entry(0, "RolloutRolledBack", weight=0), "v2 stopped"),
        (entry(0, "DriftMuted"), "drift muted"),
        (entry(0, "LabelsCollected"), None),
    ],
)
def test_an_entry_is_told_in_few_words_or_not_at_all(told: AuditEntry, word: str | None) -> None:
    assert word_of(told) == word


def test_the_page_is_whole_in_itself_and_safe_whatever_a_column_is_called() -> None:
    page = life_page("m", CHAPTERS, {MONDAY: f"Monday {HOSTILE}"})
    assert HOSTILE not in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    assert len(page) < 20_000
    for drawing in re.findall(r"<svg.*?</svg>", page):
        ET.fromstring(drawing)
    assert page.count("<svg") == 2, "one metric and the drift"
    for said in (
        "Monday &lt;script",
        "2026-03-03",
        "quality lost; trained: quality",
        "since &lt;script",
    ):
        assert said in page
    assert "0.6" in page


def test_the_page_says_what_came_of_it_all() -> None:
    assert summary(CHAPTERS) == (
        "3,600 predictions in 4 windows, by 3 versions; 1 drifted, in 1 the quality was lost. "
        "Done: 1 training, 1 refused by the gate; 1 version took over, 1 stopped or rolled back."
    )


def test_windows_of_less_than_a_day_are_named_by_their_hour() -> None:
    later = window(0).model_copy(update={"start": MONDAY + timedelta(hours=6)})
    page = life_page("m", chapters_of([window(0), later], [], []))
    assert "2026-03-02 06 h" in page
    assert page.count("<svg") == 1, "nothing is known of the quality yet"


def test_a_point_stands_where_its_value_is_between_the_ends_of_its_interval() -> None:
    tree = ET.fromstring(timeline(CHAPTERS, "auc", lambda one: f"{one.window.start:%d}"))
    points = tree.findall("circle")
    assert [one.get("class") for one in points] == ["ok", "breached"]
    high, low = (float(one.get("cy", "")) for one in points)
    assert high < low, "0.7 is above 0.6, and y grows downwards"
    for point, reach in zip(
        points, [one for one in tree.iter("path") if one.get("class") == "i"], strict=True
    ):
        ends = re.fullmatch(r"M[\d.]+ ([\d.]+)V([\d.]+)", reach.get("d", ""))
        assert ends
        assert float(ends[2]) < float(point.get("cy", "")) < float(ends[1])
    assert [one.text for one in tree.findall("text") if str(one.text).startswith("v")] == [
        "v1",
        "v2",
        "v3",
    ]


def test_the_tallest_bar_is_that_of_the_window_in_which_most_drifted() -> None:
    tree = ET.fromstring(drifted(CHAPTERS, lambda one: f"{one.window.start:%d}"))
    bars = [one for one in tree.findall("rect") if not str(one.get("class")).startswith("b")]
    heights = [float(one.get("height", "")) for one in bars]
    assert heights[1] == max(heights) > 10 * heights[0]


@pytest.mark.parametrize("value", [0.5, None])
def test_a_metric_that_never_moves_is_drawn(value: float | None) -> None:
    flat = Interval(value=0.5, low=0.5, high=0.5, usual=value)
    judged = quality(0).model_copy(update={"metrics": {"auc": flat}})
    ET.fromstring(timeline(chapters_of([window(0)], [judged], []), "auc", lambda _: "a"))


def test_many_windows_leave_room_for_their_names() -> None:
    many = chapters_of([window(day) for day in range(300)], [], [])
    names = re.findall(
        r"<text[^>]*>n\d+</text>", drifted(many, lambda one: f"n{one.window.start.day}")
    )
    assert 5 < len(names) < 20


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_bars_are_in_the_order_of_their_values(values: list[float]) -> None:
    def length(text: str) -> int:
        return sum(8 if one == "█" else " ▏▎▍▌▋▊▉".index(one) for one in text)

    drawn = [length(bar(value, values)) for value in sorted(values)]
    assert drawn == sorted(drawn)
    assert (drawn[0] >= 1, drawn[-1]) == (True, 64)


def test_rows_say_the_same_as_the_page() -> None:
    rows, columns = rows_of(CHAPTERS, {MONDAY: "Monday"})
    assert columns == ["window", "version", "rows", "auc", "quality", "drift", "done"]
    assert [row["window"] for row in rows][:2] == ["Monday", "2026-03-03 00:00"]
    assert rows[0]["auc"] == "0.700 ████████"
    assert rows[1]["auc"] == "0.600 ▏"
    assert (rows[2]["auc"], rows[3]["quality"]) == (None, "immature")
    assert rows[1]["done"] == "quality lost; trained: quality; the gate said no"
    assert rows_of(chapters_of([window(0)], [], []))[0][0]["done"] == "as usual"


class Deployment:
    """Answers as the API of a deployment does."""

    def __init__(self, windows: list[WatchedWindow]) -> None:
        self._told = {
            "/v1/models/m/drift": windows,
            "/v1/models/m/quality": JUDGED,
            "/v1/audit": ENTRIES,
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        self.asked.append((path, query))
        return [one.model_dump(mode="json") for one in self._told[path]]


def run(there: Deployment, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    monkeypatch.setattr(session, "api", lambda: there)
    return CliRunner().invoke(trimtab, ["models", "report", "m", *words])


def test_the_command_shows_the_windows_and_writes_the_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there, file = Deployment(WINDOWS), tmp_path / "m.html"
    ended = run(there, monkeypatch, "--windows", "9", "--html", str(file))
    assert ended.exit_code == 0, ended.output
    assert "quality lost; trained: quality; the gate said no" in ended.output
    assert f"wrote {file}" in ended.output
    assert file.read_text(encoding="utf-8") == life_page("m", CHAPTERS)
    assert there.asked == [
        ("/v1/models/m/drift", {"limit": 9}),
        ("/v1/models/m/quality", {"limit": 9}),
        ("/v1/audit", {"model": "m", "from": MONDAY.isoformat()}),
    ]


def test_a_page_that_cannot_be_written_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ended = run(Deployment(WINDOWS), monkeypatch, "--html", str(tmp_path / "gone" / "m.html"))
    assert isinstance(ended.exception, InvalidInput)
    assert ended.exception.message.endswith("m.html cannot be written: No such file or directory")
    assert "a folder that is there" in ended.exception.hint


def test_programs_get_the_chapters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "api", lambda: Deployment(WINDOWS))
    ended = CliRunner().invoke(trimtab, ["--output", "json", "models", "report", "m"])
    told = [Chapter.model_validate(one, strict=False) for one in json.loads(ended.output)]
    assert told == list(CHAPTERS)


@pytest.mark.parametrize("windows", [[], [window(0, rows=0)]])
def test_before_any_window_is_judged_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, windows: list[WatchedWindow]
) -> None:
    ended = run(Deployment(windows), monkeypatch)
    assert ended.exit_code == 0
    assert "no window of m with any request is judged yet" in ended.output
