"""The drift report as a page: small, whole in itself, safe whatever a column is called."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tests.unit.drift_rows import rows
from trimtab.domain.drift.baseline import LiveWindow, baseline_of
from trimtab.domain.drift.chart import bars, spark
from trimtab.domain.drift.judging import judge_window
from trimtab.domain.drift.page import drift_page
from trimtab.domain.drift.policy import DriftPolicy
from trimtab.domain.drift.report import Bin, DriftReport, Mark, Trace

FEATURES = 50
HOSTILE = "<script>alert('x')</script>"


def columns(size: int, shift: float = 0.0) -> dict:
    rng = np.random.default_rng(size)
    numbers = {f"feature {n}": rng.normal(shift if n < 2 else 0, 1, size) for n in range(FEATURES)}
    return {**numbers, HOSTILE: rng.choice([HOSTILE, "plain"], size).tolist()}


BASELINE = baseline_of(rows(columns(5_000)))


def report(profile, history: tuple[Trace, ...] = ()) -> DriftReport:
    return judge_window(BASELINE, LiveWindow(profile=profile, hours=24.0), DriftPolicy(), history)


@pytest.fixture(scope="module")
def drifted() -> DriftReport:
    first = report(rows(columns(1_000, 0.6), BASELINE))
    return report(rows(columns(1_001, 0.6), BASELINE), (first.trace,) * 30)


def test_fifty_features_make_a_page_that_may_be_mailed(drifted):
    page = drift_page(drifted, title="flights 7, May", note="training requested")
    assert len(page.encode()) < 300_000
    assert "training requested" in page
    assert not re.search(r"<script|src=|href=\"[^#]|@import|url\(", page)
    assert page.count("<section") == FEATURES + 1


def test_the_worst_comes_first_with_its_sentence_and_counts(drifted):
    page = drift_page(drifted, title="flights 7, May")
    worst = drifted.judgements[0]
    first = page[page.index("<section") :]
    assert first.startswith('<section id="j0" class="drift">')
    assert worst.column in first[:200]
    assert f"<td>below<td class=n>{worst.bins[0].reference:,}" in first
    assert "<td>&lt; 1e-09" in page or "< 1e-09" in page.replace("&lt;", "<")


def test_a_hostile_name_stays_text(drifted):
    page = drift_page(drifted, title=HOSTILE)
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_the_pictures_are_well_formed(drifted):
    page = drift_page(drifted, title="flights")
    for picture in re.findall(r"<svg.*?</svg>", page):
        ET.fromstring(picture)


def test_what_could_not_be_judged_has_a_row_and_no_picture():
    some = rows(
        {name: values for name, values in columns(100).items() if name != "feature 7"}, BASELINE
    )
    found = report(some)
    page = drift_page(found, title="few rows")
    assert "not compared" in page
    assert "too few rows" in page
    assert 'href="#j0"' not in page


def test_slices_and_shares_that_drifted_have_pictures_too():
    gaps = columns(1_000)
    gaps["feature 3"] = np.where(np.arange(1_000) < 400, np.nan, gaps["feature 3"])
    window = LiveWindow(profile=rows(gaps, BASELINE))
    found = judge_window(BASELINE, window, DriftPolicy(), slices={"south": (BASELINE, window)})
    page = drift_page(found, title="gaps")
    assert "feature 3 <i>south</i>" in page
    assert "<small>share without a value</small>" in page


def test_of_many_levels_those_are_drawn_that_moved_most():
    levels = [f"tail {n % 150}" for n in range(9_000)]
    base = baseline_of(rows({"tail": levels}))
    window = LiveWindow(profile=rows({"tail": ["tail 9"] * 900 + levels[:1_000]}, base))
    page = drift_page(judge_window(base, window, DriftPolicy()), title="tails")
    assert "the 24 levels that moved most, of 151" in page
    assert "and 51 more, in the JSON form" in page
    assert "shares that are as they were" in page


def test_nothing_but_news_needs_no_list_of_the_rest():
    base = baseline_of(rows({"note": [None, "x"] * 300}).concealed({"note"}))
    gone = rows({"note": [None, *["x"] * 999]}).concealed({"note"})
    page = drift_page(judge_window(base, LiveWindow(profile=gone), DriftPolicy()), title="gaps")
    assert "as they were" not in page


def test_few_bins_are_named_under_their_middle_and_long_names_are_cut():
    wide = bars([Bin(name="a name that is long", reference=5, window=9)] * 2, [], "two")
    assert "a name th…" in wide
    assert 'x="140"' in wide


def test_a_timeline_shows_what_each_window_was():
    marks = [
        Mark(conclusive=False, fired=False, weight=0, drifting=False),
        Mark(conclusive=True, fired=False, weight=0.4, drifting=False),
        Mark(conclusive=True, fired=True, weight=1.2, drifting=False),
        Mark(conclusive=True, fired=True, weight=99, drifting=True),
    ]
    drawn = spark(marks)
    assert [kind for kind in "nofd" if f'class="{kind}"' in drawn] == list("nofd")
    assert "v-24.0" in drawn
