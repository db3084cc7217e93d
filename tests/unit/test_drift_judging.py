"""Judging a window: what drifts, what does not, what cannot be told; and that no order of the rows matters."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.drift_rows import numbers, rows, words
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.adding import added
from trimtab.domain.drift.baseline import (
    Baseline,
    LiveWindow,
    baseline_of,
    rows_per_entity,
)
from trimtab.domain.drift.chance import Pair, chance
from trimtab.domain.drift.dependence import Dependence, effective
from trimtab.domain.drift.incidents import Mute, follow
from trimtab.domain.drift.judging import judge_window
from trimtab.domain.drift.measures.psi import psi
from trimtab.domain.drift.policy import AlarmBudget, DriftPolicy, Floors
from trimtab.domain.drift.report import DriftReport, Judgement
from trimtab.domain.profile import ColumnProfile, Profile
from trimtab.errors import Conflict

RNG = np.random.default_rng(11)
BASE = rows(
    {
        "delay": RNG.normal(10, 4, 20_000),
        "carrier": RNG.choice(["AA", "BB", "CC"], 20_000, p=[0.6, 0.3, 0.1]).tolist(),
    }
)
BASELINE = baseline_of(BASE)
POLICY = DriftPolicy()
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def live(size: int = 1_000, *, shift: float = 0.0, seed: int = 1, **columns) -> Profile:
    rng = np.random.default_rng(seed)
    usual = {
        "delay": rng.normal(10 + 4 * shift, 4, size),
        "carrier": rng.choice(["AA", "BB", "CC"], size, p=[0.6, 0.3, 0.1]).tolist(),
    }
    return rows({**usual, **columns}, BASELINE)


def judge(profile: Profile, history=(), *, baseline: Baseline = BASELINE, **more) -> DriftReport:
    policy = more.pop("policy", POLICY)
    hours = more.pop("hours", 24.0)
    return judge_window(baseline, LiveWindow(profile=profile, hours=hours), policy, history, **more)


def found(report: DriftReport, column: str, aspect: str = "distribution") -> Judgement:
    return next(one for one in report.judgements if (one.column, one.aspect) == (column, aspect))


def after(*shifts: float) -> list[DriftReport]:
    reports: list[DriftReport] = []
    for seed, shift in enumerate(shifts):
        history = [report.trace for report in reports]
        reports.append(judge(live(shift=shift, seed=seed), history))
    return reports


def test_more_of_the_same_is_no_drift_and_the_report_says_how_much_was_looked_at():
    report = judge(live())
    assert report.state == "ok"
    assert report.sentence == f"no drift ({len(report.judgements)} looked at in 1,000 rows)"
    assert {one.state for one in report.judgements} == {"ok"}
    assert "is as it was: JS" in found(report, "delay").sentence


def test_a_move_is_drift_when_it_shows_a_second_time():
    first, second = after(0.5, 0.5)
    assert first.state == "ok"
    assert "changed, but only in 1 of 3 windows (2 needed)" in found(first, "delay").sentence
    assert second.state == "drift"
    worst = second.judgements[0]
    assert (worst.column, worst.state, worst.fired_windows) == ("delay", "drift", 2)
    assert "delay: distribution drifts, in 2 of 3 windows: JS 0." in worst.sentence
    assert second.sentence.startswith("drift in delay: ")


def test_a_broken_feed_waits_for_no_second_window():
    (report,) = after(2.0)
    assert report.state == "drift"
    assert found(report, "delay").is_large
    assert "delay: distribution drifts: JS" in found(report, "delay").sentence


def test_a_comparison_that_stands_alone_needs_no_second_window():
    report = judge(live(shift=0.5), hours=None)
    assert report.state == "drift"
    assert report.rule.of == 1


def test_drift_ends_only_after_quiet_windows_and_not_by_one():
    reports = after(1.0, 1.0, 0, 0, 0, 0)
    assert [one.state for one in reports] == ["ok", "drift", "drift", "drift", "ok", "ok"]
    assert "drifts still, and is not over" in found(reports[2], "delay").sentence


def test_drift_that_is_new_cannot_be_over_before_there_were_windows_enough():
    reports = after(2.0, 0, 0, 0)
    assert [one.state for one in reports] == ["drift", "drift", "drift", "ok"]


def test_too_few_rows_are_no_verdict_and_never_a_good_one():
    report = judge(live(200))
    assert report.state == "insufficient_data"
    assert found(report, "delay").p is None
    assert report.wants_more_rows
    assert not judge(live()).wants_more_rows
    assert "200 effective rows of 200, 300 needed" in found(report, "delay").sentence
    assert (
        report.sentence == "no verdict: too few rows (6 looked at in 200 rows, 6 with too few rows)"
    )


def test_windows_that_could_not_tell_are_no_gap_between_those_that_could():
    one, few = judge(live(shift=0.5)), judge(live(100))
    again = judge(live(shift=0.5, seed=2), [one.trace, few.trace])
    assert again.state == "drift"


def test_no_rows_at_all_are_no_verdict():
    report = judge(Profile(rows=0, columns={"delay": numbers([]), "carrier": words([])}))
    assert report.state == "insufficient_data"
    assert found(report, "delay").rows == 0


def test_gaps_are_told_apart_from_values_that_moved():
    gaps = live().columns["delay"]
    gone = numbers(
        np.where(np.arange(1_000) < 250, np.nan, np.random.default_rng(3).normal(10, 4, 1_000)),
        BASELINE.references()["delay"],
    )
    report = judge(Profile(rows=1_000, columns={**live().columns, "delay": gone}))
    assert gaps.missing == 0
    assert found(report, "delay", "missing").state == "drift"
    assert "share without a value drifts: change 0.25 ≥ 0.05" in report.judgements[0].sentence
    assert "0.00% → 25.00%" in report.judgements[0].sentence
    assert found(report, "delay").state == "ok"


def test_new_levels_and_values_out_of_range_are_findings_of_their_own():
    carriers = ["AA"] * 580 + ["BB"] * 270 + ["CC"] * 90 + ["ZZ"] * 60
    delays = np.random.default_rng(4).normal(10, 4, 1_000)
    delays[:70] = 500
    report = judge(live(delay=delays, carrier=carriers))
    assert found(report, "carrier", "new_levels").state == "drift"
    assert found(report, "carrier", "new_levels").effect == pytest.approx(0.06, abs=1e-3)
    assert found(report, "delay", "out_of_range").state == "drift"


def test_a_column_that_holds_one_value_is_named_so():
    report = judge(live(delay=[10.0] * 1_000))
    constant = found(report, "delay", "constant")
    assert constant.state == "drift"
    assert "one value in all rows" in constant.sentence


def test_a_column_that_was_always_constant_may_stay_so():
    same = baseline_of(rows({"delay": [3.0] * 5_000}))
    report = judge(rows({"delay": [3.0] * 1_000}, same), baseline=same)
    assert report.state == "ok"
    assert {one.aspect for one in report.judgements} == {"distribution", "missing", "out_of_range"}


def test_a_column_that_was_empty_says_so_when_values_come():
    empty = baseline_of(rows({"delay": [np.nan] * 5_000}))
    report = judge(rows({"delay": [3.0] * 1_000}), baseline=empty)
    assert found(report, "delay", "missing").state == "drift"
    assert [one.aspect for one in report.judgements] == ["missing"]


def test_a_column_of_text_that_was_empty_and_now_holds_one_value_has_nothing_to_compare():
    empty = baseline_of(rows({"note": ["x"]}))
    gone = empty.columns["note"].model_copy(
        update={"counts": (0, 0), "seen_once": 0, "rows": 4_000, "missing": 4_000}
    )
    empty = empty.model_copy(update={"columns": {"note": gone}})
    report = judge(rows({"note": ["x"] * 1_000}), baseline=empty)
    assert found(report, "note", "missing").state == "drift"


def test_what_cannot_be_compared_is_an_error_with_a_reason_not_a_verdict():
    other = Profile(
        rows=1_000,
        columns={"delay": numbers(np.ones(1_000), type_=ColumnType.integer)},
    )
    report = judge(other)
    assert report.state == "error"
    assert (
        "the column is of type integer; the baseline has type number"
        in found(report, "delay").sentence
    )
    assert "the column is not there" in found(report, "carrier").sentence
    assert "2 that could not be compared" in report.sentence


def test_a_window_whose_levels_are_only_hashes_does_not_compare_with_named_ones():
    many = words([f"level {place}" for place in range(1_001)])
    window = Profile(rows=1_001, columns={**live().columns, "carrier": many})
    assert "was not counted as the baseline was" in found(judge(window), "carrier").sentence


def test_levels_past_counting_are_compared_by_their_hash_and_by_the_largest_change():
    texts = [f"level {place % 1_500}" for place in range(30_000)]
    hashed = baseline_of(rows({"tail": texts}))
    same = judge(rows({"tail": texts[:3_000]}), baseline=hashed)
    one = judge(rows({"tail": ["level 7"] * 2_000 + texts[:1_000]}), baseline=hashed)
    few = judge(rows({"tail": ["level 7", "level 8"] * 500}), baseline=hashed)
    none = judge(Profile(rows=500, columns={"tail": words([None] * 500)}), baseline=hashed)
    assert same.state == "ok"
    assert found(one, "tail").measure == "linf"
    assert found(one, "tail").effect == pytest.approx(2 / 3, abs=0.01)
    assert "hash " in found(few, "tail").sentence
    assert found(none, "tail").state == "insufficient_data"


def test_a_level_among_many_is_named():
    texts = [f"level {place % 80}" for place in range(30_000)]
    many = baseline_of(rows({"tail": texts}))
    report = judge(rows({"tail": ["level 7"] * 500 + texts[:1_000]}), baseline=many)
    assert found(report, "tail").measure == "linf"
    assert "level 7: " in found(report, "tail").sentence


def test_counts_among_the_baselines_levels_serve_where_the_names_are_lost():
    reference = BASELINE.references()["carrier"]
    many = words(["AA"] * 900 + [f"level {place}" for place in range(1_001)], reference)
    report = judge(Profile(rows=1_901, columns={**live().columns, "carrier": many}))
    assert [one.window for one in found(report, "carrier").bins] == [900, 0, 0, 1_001]
    assert not [
        one for one in report.judgements if one.aspect == "new_levels" and one.column == "carrier"
    ]


def test_of_a_personal_column_gaps_are_judged_and_nothing_else():
    private = baseline_of(BASE.concealed({"delay"}))
    report = judge(live().concealed({"delay"}), baseline=private)
    assert [one.aspect for one in report.judgements if one.column == "delay"] == ["missing"]
    assert private.references()["delay"].edges is None


def test_time_goes_by_without_being_drift():
    times = numbers(np.arange(5.0), type_=ColumnType.datetime)
    assert baseline_of(Profile(rows=5, columns={"at": times})).columns == {}


def test_older_profiles_without_bins_cannot_be_counted():
    old = live().columns["delay"]
    bare = old.model_copy(
        update={"numbers": old.numbers.model_copy(update={"bins": None, "between": None})}
    )
    report = judge(Profile(rows=1_000, columns={**live().columns, "delay": bare}))
    assert found(report, "delay").state == "error"
    lost = old.model_copy(update={"numbers": None})
    assert BASELINE.columns["delay"].count(lost) is None


def test_a_profile_on_other_edges_is_counted_by_its_own_bins():
    report = judge(
        Profile(rows=1_000, columns={**live().columns, "delay": numbers(RNG.normal(10, 4, 1_000))})
    )
    assert found(report, "delay").state == "ok"
    assert sum(one.window for one in found(report, "delay").bins) == 1_000


def test_predictions_have_a_cause_of_their_own_and_important_features_a_lower_floor():
    report = judge(live(), predictions=["delay"], important=["carrier"])
    assert found(report, "delay").cause == "prediction"
    assert found(report, "delay").floor == pytest.approx(0.13 * 0.5**0.5)
    assert found(report, "carrier").floor == pytest.approx(0.13 * 0.5**0.5)
    by_psi = judge(live(), policy=DriftPolicy(measure="psi"), important=["delay"])
    assert found(by_psi, "delay").floor == 0.05
    assert found(by_psi, "delay").needed_rows > 400
    assert "PSI 0" in found(by_psi, "delay").sentence
    by_ks = judge(live(shift=0.6), policy=DriftPolicy(measure="ks"), hours=None)
    assert (found(by_ks, "delay").measure, found(by_ks, "carrier").measure) == ("ks", "js")
    assert found(by_ks, "delay").state == "drift"


def test_a_slice_is_judged_beside_all_rows_and_named():
    south = (BASELINE, LiveWindow(profile=live(600, shift=2.0, seed=8), hours=24.0))
    report = judge(live(), slices={"region=south": south})
    worst = report.drifted("data")[0]
    assert (worst.slice, worst.column) == ("region=south", "delay")
    assert worst.sentence.startswith("delay in region=south: ")
    assert report.drifted("prediction") == ()


def test_four_columns_that_drift_are_not_all_named_in_one_sentence():
    names = "abcd"
    base = baseline_of(rows({name: RNG.normal(0, 1, 5_000) for name in names}))
    report = judge(rows({name: RNG.normal(3, 1, 500) for name in names}, base), baseline=base)
    assert " and 1 more: " in report.sentence


def test_rows_that_stop_coming_are_a_finding_where_the_baseline_knows_its_days():
    days = [live(900 + 20 * day, seed=day) for day in range(10)]
    whole = days[0]
    for day in days[1:]:
        whole = whole.merge(day)
    base = baseline_of(whole, days)
    few = judge(live(150, seed=77), baseline=base)
    usual = judge(live(1_000, seed=78), baseline=base)
    assert found(few, "rows", "row_count").state == "ok"
    assert "changed, but only in 1 of 3" in found(few, "rows", "row_count").sentence
    again = judge(live(150, seed=79), [few.trace], baseline=base)
    assert found(again, "rows", "row_count").state == "drift"
    assert found(again, "rows", "row_count").cause == "feed"
    assert found(usual, "rows", "row_count").state == "ok"
    assert " → 150 rows" in found(again, "rows", "row_count").sentence


def test_days_that_differ_among_each_other_make_a_window_worth_fewer_rows():
    def day(seed: int, size: int = 1_000) -> Profile:
        rng = np.random.default_rng(seed)
        return rows({"delay": rng.normal(rng.normal(0, 0.4), 1, size)})

    days = [day(seed) for seed in range(30)]
    whole = days[0]
    for each in days[1:]:
        whole = whole.merge(each)
    base = baseline_of(whole, days)
    report = judge(day(99), baseline=base)
    judged = found(report, "delay")
    assert judged.effective_rows < 300
    assert "1,000 rows (" in judged.sentence
    assert (
        judged.p is not None
    )  # surprise allows for the days; their number of rows does not matter
    week = judge_window(
        base, LiveWindow(profile=days[3].merge(days[4]), blocks=2, hours=48.0), POLICY
    )
    assert found(week, "delay").effective_rows > judged.effective_rows
    low = DriftPolicy(minimum_rows=2, floors=Floors(js=9.0))
    moved = rows({"delay": np.random.default_rng(5).normal(0.4, 1, 1_000)})
    assert (
        found(judge(moved, baseline=base, policy=low), "delay").p or 0
    ) > 0.05  # one day in three is as far
    independent = judge(moved, baseline=baseline_of(whole))
    assert (found(independent, "delay").p or 1) < 1e-9  # what would be drift, day for day


def test_rows_of_one_customer_count_as_fewer_and_chance_is_held_all_the_same():
    rng = np.random.default_rng(21)

    def window(customers: int):
        means = rng.normal(0, 0.3**0.5, customers)
        values = rng.normal(np.repeat(means, 20), 0.7**0.5)
        return values, np.repeat(rng.integers(0, 64, customers), 20)

    values, groups = window(3_200)
    parts = [rows({"x": values[groups == group]}) for group in range(64)]
    per_entity = rows_per_entity([part.rows for part in parts])
    base = baseline_of(rows({"x": values}), parts, block="entity", rows_per_entity=per_entity)
    assert per_entity == pytest.approx(20, rel=0.5)
    chances = []
    for _ in range(100):
        more, which = window(50)
        there = rows_per_entity(np.bincount(which, minlength=64).tolist())
        report = judge_window(
            base,
            LiveWindow(profile=rows({"x": more}, base), rows_per_entity=20.0),
            DriftPolicy(minimum_rows=20, floors=Floors(js=9.0)),
        )
        assert there > 1
        chances.append(found(report, "x").p)
    assert np.mean(np.array(chances) < 0.05) < 0.1  # a test for independent rows fires in 4 of 10
    assert 100 < found(report, "x").effective_rows < 400


def test_rows_per_entity_is_one_where_nothing_is_known():
    assert rows_per_entity([5]) == 1
    assert rows_per_entity([0, 0]) == 1
    assert rows_per_entity([50, 50, 50, 50]) == 1


def test_blocks_that_hold_nothing_or_one_bin_are_no_dependence():
    assert Dependence(np.array([[5, 0], [9, 0]])).spread == 1
    lonely = Dependence(np.array([[5, 9], [9, 40]]), "entity", rows_per_entity=1.0)
    assert lonely.excess(100, blocks=1, rows_per_entity=20.0) == 0
    assert (
        Dependence(np.array([[5, 9], [90, 4]]), "entity", 20.0).excess(
            0, blocks=1, rows_per_entity=2.0
        )
        == 0
    )
    assert effective(0, 0.5) == 0
    assert effective(100, 0.01) == 50


def test_a_block_without_the_column_is_left_out_and_one_block_alone_tells_nothing():
    days = [live(500, seed=1), live(500, seed=2), rows({"delay": [1.0]})]
    base = baseline_of(days[0].merge(days[1]), days)
    assert len(base.columns["carrier"].block_rows) == 2
    assert baseline_of(days[0], days[:1]).columns["delay"].block_rows == ()


def test_a_p_value_is_as_likely_as_it_says():
    rng = np.random.default_rng(2)
    shares = np.full(20, 0.05)
    p = np.array(
        [
            chance(
                Pair(rng.multinomial(20_000, shares), rng.multinomial(800, shares)),
                psi,
                name=str(n),
            ).p
            for n in range(800)
        ]
    )
    for level in (0.5, 0.1, 0.02):
        assert np.mean(p <= level) == pytest.approx(level, abs=4 * (level / 800) ** 0.5)


def test_where_no_draw_differs_nothing_is_surprising():
    pair = Pair(np.array([900]), np.array([100]))
    assert chance(pair, lambda p, q: (q - p).sum(axis=-1) - 1e-9, name="flat").p == 1
    assert (
        chance(pair, lambda p, q: np.full(p.shape[:-1], float(p.ndim == 1)), name="never").p
        == 0.001
    )


def test_the_budget_tightens_the_rule_where_windows_are_many():
    hourly, daily, weekly = (POLICY.rule(hours) for hours in (1.0, 24.0, 168.0))
    assert hourly.q < daily.q <= weekly.q == 0.05
    assert hourly.q_at_once == pytest.approx(0.5 / 2184)
    assert 2184 * (2 * hourly.q**2 + hourly.q_at_once) == pytest.approx(1.0)
    generous = DriftPolicy(budget=AlarmBudget(false_alarms=10.0)).rule(1.0)
    assert generous.q > hourly.q
    with pytest.raises(ValidationError, match="4 of 3 windows"):
        DriftPolicy(fired=4)


def test_an_incident_opens_once_grows_is_told_and_closes():
    quiet, first, second = (
        judge(live()),
        after(0.5, 0.5)[1],
        judge(live(shift=2.0, carrier=["ZZ"] * 1_000)),
    )
    at = iter(NOON + timedelta(days=day) for day in range(9))

    def step(incident, report, **more):
        return follow(incident, report, "data", at=next(at), new_id="i-1", **more)

    assert step(None, quiet) == (None, "none", False)
    opened = step(None, first)
    assert (opened.change, opened.is_told, opened.incident.columns) == ("opened", True, ("delay",))
    assert step(opened.incident, first)[1:] == ("goes_on", False)
    grown = step(opened.incident, second)
    assert (grown.change, grown.is_told, grown.incident.columns) == (
        "grown",
        True,
        ("delay", "carrier"),
    )
    unsure = step(grown.incident, judge(live(100)))
    assert unsure == (grown.incident, "goes_on", False)
    closed = step(grown.incident, quiet)
    assert (closed.change, closed.is_told) == ("closed", True)
    assert closed.incident.closed_at == NOON + timedelta(days=5)
    assert follow(grown.incident, quiet, "feed", at=NOON, new_id="").change == "goes_on"


def test_what_is_muted_is_followed_and_not_told_until_the_mute_ends():
    report, quiet = after(0.5, 0.5)[1], judge(live())
    mute = Mute(reason="a strike", until=NOON, columns=("delay",))
    everything = Mute(reason="a strike", until=NOON, cause="data")
    other = Mute(reason="a strike", until=NOON, cause="prediction")
    before, later = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
    for mutes, at, is_told in (
        ([mute], before, False),
        ([mute], later, True),
        ([other], before, True),
        ([everything], before, False),
    ):
        found_out = follow(None, report, "data", at=at, new_id="i", mutes=mutes)
        assert (found_out.change, found_out.is_told) == ("opened", is_told)
        closed = follow(found_out.incident, quiet, "data", at=at, new_id="i", mutes=mutes)
        assert closed.is_told is not (mutes == [everything])


def test_a_report_survives_being_written_down():
    report = after(0.5, 0.5)[1]
    again = DriftReport.model_validate_json(report.model_dump_json())
    assert again == report
    kept = Baseline.model_validate_json(BASELINE.model_dump_json())
    assert kept == BASELINE
    assert len(json.dumps(report.trace.model_dump(mode="json"))) < 1_500


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=300, max_size=400), st.randoms())
def test_no_order_and_no_split_of_the_rows_changes_a_bit(parts, random):
    values = np.random.default_rng(6).normal(10, 4, len(parts))
    groups = [values[np.array(parts) == part] for part in set(parts)]
    random.shuffle(groups)
    whole = judge(rows({"delay": values, "carrier": ["AA"] * len(values)}, BASELINE))
    merged: Profile | None = None
    for group in groups:
        one = rows(
            {"delay": random.sample(list(group), len(group)), "carrier": ["AA"] * len(group)},
            BASELINE,
        )
        merged = one if merged is None else merged.merge(one)
    assert judge(merged) == whole


def test_many_profiles_are_added_as_if_they_were_merged_one_by_one():
    parts = [live(100, seed=seed) for seed in range(4)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    assert added(parts) == merged
    other = Profile(rows=1, columns={"delay": numbers([1.0], type_=ColumnType.integer)})
    with pytest.raises(Conflict, match="have no common profile"):
        added([parts[0], other])


def test_what_a_bin_is_of_is_told():
    assert BASELINE.columns["carrier"].names == ("AA", "BB", "CC", "others")
    names = BASELINE.columns["delay"].names
    assert (names[0], names[-1], len(names)) == ("below", "above", 22)
    assert baseline_of(rows({"flag": [1.0, 2.0] * 50})).columns["flag"].names == (
        "below",
        "1 – 2",
        "2",
        "above",
    )
    empty = ColumnProfile(type=ColumnType.string, count=3, missing=3, levels={})
    assert baseline_of(Profile(rows=3, columns={"e": empty})).columns["e"].names == ("others",)
