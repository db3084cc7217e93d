"""A policy replayed on the recorded requests of releases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trimtab.domain.guardrails import Count
from trimtab.domain.preview import Replayed, replay, summary
from trimtab.domain.progress import Look, first_progress
from trimtab.domain.rollouts import Phase, Rollout
from trimtab.domain.steps import Guardrail, Guardrails, Steps

NOON = datetime(2026, 3, 2, 12, 0, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Steps(
    weights=(5, 50),
    bake_minutes=3,
    deadline_minutes=30,
    minimum_requests=100,
    guardrails=Guardrails(failed=Guardrail(tolerable=0.02)),
)


def release(phase: Phase = Phase.successful, **changes: Any) -> Rollout:
    told = {
        "version": 2,
        "phase": phase,
        "endpoint_name": "v2",
        "actor": "ana",
        "reason": "so",
        "started_at": NOON,
        "ended_at": NOON + 60 * MINUTE,
        "progress": first_progress(1, POLICY, 90, NOON),
    }
    return Rollout(**{**told, **changes})


def minutes(count: int, *, requests: int = 60, failed: int = 0, since: int = 0) -> list[Look]:
    begin = NOON.replace(second=0)
    return [
        Look(
            at=begin + MINUTE * number,
            champion={"failed": Count(400, 1)},
            challenger={"failed": Count(requests, failed)},
            requests=requests,
        )
        for number in range(since, since + count)
    ]


def made_of(looks: list[Look], steps: Steps = POLICY, **changes: Any) -> Replayed:
    found = replay(release(**changes), looks, steps)
    assert found is not None
    return found


def test_a_good_release_is_promoted_after_each_step_has_baked():
    told = made_of(minutes(20))
    assert (told.verdict, told.weight, told.minutes) == ("promoted", 50, 7)
    assert told.requests == 7 * 60
    assert "with no guardrail breached" in told.reason


def test_a_bad_release_is_stopped_where_its_evidence_is_enough():
    told = made_of(minutes(20, failed=12), phase=Phase.failed)
    assert (told.verdict, told.weight) == ("stopped", 5)
    assert told.minutes < 3
    assert told.reason.startswith("failed: ")


def test_a_policy_that_wants_more_than_there_was_comes_to_no_end():
    wants_more = POLICY.model_copy(update={"minimum_requests": 10_000})
    assert made_of(minutes(40), wants_more).verdict == "inconclusive"
    told = made_of(minutes(10), wants_more)
    assert (told.verdict, told.minutes) == ("record_ends", 10)


def test_a_release_without_a_record_tells_nothing():
    told = made_of([])
    assert (told.verdict, told.minutes, told.requests) == ("no_record", 0, 0)


def test_a_gap_in_the_record_is_time_without_requests():
    told = made_of([*minutes(1), *minutes(9, since=9)])
    assert told.verdict == "promoted"
    assert told.minutes >= 13


@pytest.mark.parametrize("changes", [{"progress": None}, {"ended_at": None}])
def test_what_took_no_steps_or_takes_them_still_is_not_replayed(changes: dict[str, Any]):
    assert replay(release(**changes), minutes(9), POLICY) is None


def test_a_policy_without_steps_has_nothing_to_replay():
    assert replay(release(), minutes(9), POLICY.model_copy(update={"weights": ()})) is None


def test_the_sentence_counts_what_would_have_become_of_good_and_bad_releases():
    strict = POLICY.model_copy(update={"minimum_requests": 10_000})
    good = [made_of(minutes(20)), made_of(minutes(40), strict)]
    bad = [made_of(minutes(20, failed=12), phase=Phase.failed)]
    assert summary([*good, *bad]) == (
        "would have aborted 1 of 2 good releases and stopped 1 of 1 bad ones"
    )
    assert summary([made_of([])]).endswith("; of 1 no requests are recorded any more")
