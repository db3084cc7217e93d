"""Looks at a rollout: each minute counts once, in any order of ticks, and a pause stops the step's clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trimtab.domain.guardrails import Count, Evidence
from trimtab.domain.progress import (
    MINUTE,
    Look,
    Progress,
    first_progress,
    judge,
    weigh_progress,
)
from trimtab.domain.rollouts import Phase, Rollout
from trimtab.domain.steps import Advance, Guardrail, Guardrails, Hold, RollBack, Steps

BEGAN = datetime(2026, 3, 2, 8, 0, 20, tzinfo=UTC)
FIRST = BEGAN.replace(second=0)
STEPS = Steps(bake_minutes=3, deadline_minutes=60, minimum_requests=100)


def begun() -> Progress:
    return first_progress(1, STEPS, 200, BEGAN)


CHAMPION, CHALLENGER = Count(950, 9), Count(50, 0)


def look(minute: int, champion: Count = CHAMPION, challenger: Count = CHALLENGER) -> Look:
    return Look(
        FIRST + minute * MINUTE, {"failed": champion}, {"failed": challenger}, challenger.requests
    )


counts = st.tuples(st.integers(0, 500), st.integers(0, 500)).map(lambda c: Count(max(c), min(c)))
minutes = st.lists(st.tuples(counts, counts), min_size=1, max_size=8)


@given(minutes, st.data())
def test_looks_in_any_pieces_say_what_one_look_at_all_of_them_says(
    measured: list[tuple[Count, Count]], data: st.DataObject
) -> None:
    looks = [look(at, *both) for at, both in enumerate(measured)]
    end = FIRST + len(looks) * MINUTE
    whole, evidence = judge(begun(), {}, looks, end)
    piecewise, pieces = begun(), {}
    cuts = data.draw(st.lists(st.integers(0, len(looks)), max_size=4).map(sorted))
    for cut in [*cuts, len(looks)]:
        until = max(FIRST + cut * MINUTE, piecewise.judged_until)
        piecewise, pieces = judge(piecewise, pieces, looks, until)
    assert piecewise == whole
    assert pieces == evidence


def test_a_minute_before_the_step_is_evidence_but_earns_it_nothing() -> None:
    seen, _ = judge(begun(), {}, [look(0), look(1)], FIRST + 2 * MINUTE)
    assert seen.readings["failed"].challenger_requests == 100
    assert seen.requests == 50


def test_no_minute_adds_to_what_labels_say() -> None:
    steps = STEPS.model_copy(update={"guardrails": Guardrails(loss=Guardrail())})
    labels = Evidence().after(Count(600, 60), Count(30, 4))
    seen, evidence = judge(
        first_progress(1, steps, 200, BEGAN),
        {"loss": labels},
        [look(0), look(1)],
        FIRST + 2 * MINUTE,
    )
    assert evidence["loss"] == labels
    assert seen.readings["loss"].challenger_bad == 4
    assert seen.readings["failed"].challenger_requests == 100


def test_evidence_that_was_kept_goes_on_as_it_was() -> None:
    before = Evidence().after(Count(950, 9), Count(50, 3)).after(Count(90, 1), Count(10, 1))
    assert Evidence.of(before.told()) == before


def test_what_the_looks_show_earns_the_next_weight_and_a_breach_loses_all() -> None:
    seen, evidence = judge(begun(), {}, [look(at) for at in range(5)], FIRST + 5 * MINUTE)
    assert isinstance(weigh_progress(seen, evidence), Advance)
    bad = [look(at, challenger=Count(50, 20)) for at in range(2)]
    seen, evidence = judge(begun(), {}, bad, FIRST + 2 * MINUTE)
    assert isinstance(weigh_progress(seen, evidence), RollBack)


def test_a_pause_holds_the_weight_and_stops_the_clock_of_the_step() -> None:
    seen, evidence = judge(begun(), {}, [look(0), look(1)], FIRST + 2 * MINUTE)
    paused = seen.paused(BEGAN + 2 * MINUTE)
    later, evidence = judge(paused, evidence, [look(at) for at in range(2, 9)], FIRST + 9 * MINUTE)
    assert weigh_progress(later, evidence) == Hold("paused since 2026-03-02T08:02+00:00")
    assert later.minutes == pytest.approx(2.0)
    resumed = later.resumed(BEGAN + 9 * MINUTE)
    assert resumed.step_began_at == BEGAN + 7 * MINUTE
    assert resumed.minutes == pytest.approx(5 / 3)  # judged until eight minutes and 40 s after
    assert begun().resumed(BEGAN + MINUTE).step_began_at == BEGAN


def test_a_step_ends_with_the_next_or_with_the_rollout() -> None:
    at = BEGAN + timedelta(minutes=10)
    further = begun().advanced(at)
    assert (further.weight, further.step_began_at, further.requests) == (10, at, 0)
    assert [p.is_last for p in (begun(), further.advanced(at).advanced(at))] == [False, True]


def test_a_rollout_has_the_weight_of_its_step_while_it_takes_steps() -> None:
    rollout = Rollout(
        version=2,
        phase=Phase.running,
        endpoint_name="e",
        actor="ana",
        reason="r",
        started_at=BEGAN,
    )
    assert rollout.weight == 0
    stepping = rollout.model_copy(update={"progress": begun()})
    assert (stepping.is_stepping, stepping.weight) == (True, 5)
    ends = [
        stepping.ended(phase, reason="r", at=BEGAN).weight for phase in Phase if phase != "error"
    ]
    assert ends == [5, 5, 100, 0, 0]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weights": (10, 5)}, r"the weights \[10, 5\] do not grow"),
        ({"weights": (5, 5)}, "do not grow"),
        ({"bake_minutes": 60, "deadline_minutes": 60}, "leaves no time after bake_minutes 60"),
    ],
)
def test_steps_that_make_no_sense_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Steps(**wrong)
