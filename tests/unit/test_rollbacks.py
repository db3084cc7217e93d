"""Where traffic may return to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.aliases import AliasMove
from trimtab.domain.progress import first_progress
from trimtab.domain.rollbacks import (
    AlreadyBack,
    AlreadyWithdrawn,
    Position,
    Refuse,
    Remake,
    RollBack,
    WaitingRollback,
    Withdraw,
    promoted_over,
    weigh_alarm,
    weigh_rollback,
)
from trimtab.domain.rollouts import EndpointState, Phase, Rollout
from trimtab.domain.steps import Steps

AT = datetime(2026, 3, 2, tzinfo=UTC)
UP = EndpointState("e", "InService")


def move(version: int | None, before: int | None) -> AliasMove:
    return AliasMove(version=version, before=before, actor="ana", reason="r", at=AT)


def position(**changes: object) -> Position:
    known = {
        "model": "delays",
        "champion": move(3, 2),
        "target": 2,
        "target_status": "approved",
        "target_endpoint": UP,
    }
    return Position(**{**known, **changes})  # type: ignore[arg-type]


def test_the_champion_returns_to_the_version_before() -> None:
    assert weigh_rollback(position(), expected=None) == RollBack(2, 3)
    assert weigh_rollback(position(), expected=3) == RollBack(2, 3)


@pytest.mark.parametrize("state", ["missing", "Creating"])
def test_an_endpoint_that_is_gone_is_made_again_first(state: str) -> None:
    gone = position(target_endpoint=EndpointState("e", state))
    assert weigh_rollback(gone, expected=None) == Remake(2, 3)
    assert weigh_alarm(gone, raised_at=AT) == Remake(2, 3)
    refused = weigh_rollback(position(target_endpoint=EndpointState("e", "Failed")), expected=None)
    assert isinstance(refused, Refuse)


def test_what_waits_says_where_the_traffic_goes_and_which_version_it_leaves() -> None:
    waiting = WaitingRollback(
        version=2, from_version=3, actor="ana", reason="late", alarm=None, at=AT
    )
    assert (waiting.waits, waiting.ends) == (True, (2, 3))


def test_a_champion_by_rollback_stays_unless_the_caller_names_it() -> None:
    back = position(champion=move(3, 4))
    assert weigh_rollback(back, expected=None) == AlreadyBack(move(3, 4))
    assert weigh_rollback(back, expected=3) == RollBack(2, 3)


def test_a_version_that_was_left_is_not_left_again() -> None:
    back = position(champion=move(3, 4), expected_status="blocked")
    assert weigh_rollback(back, expected=4) == AlreadyBack(move(3, 4))
    refused = weigh_rollback(position(champion=move(3, 4), expected_status="approved"), expected=5)
    assert isinstance(refused, Refuse)
    assert refused.sentence == "the champion is version 3, not 5"


@given(
    champion=st.sampled_from([None, move(None, 3), move(3, 2), move(3, None), move(3, 4)]),
    target=st.sampled_from([None, 2]),
    status=st.sampled_from([None, "approved", "rejected", "blocked"]),
    endpoint=st.sampled_from([None, UP, EndpointState("e", "Failed", "gone")]),
    expected=st.sampled_from([None, 3]),
)
def test_traffic_only_returns_to_an_approved_version_that_answers(
    champion: AliasMove | None,
    target: int | None,
    status: str | None,
    endpoint: EndpointState | None,
    expected: int | None,
) -> None:
    decision = weigh_rollback(
        position(champion=champion, target=target, target_status=status, target_endpoint=endpoint),
        expected=expected,
    )
    if isinstance(decision, RollBack):
        assert (target, status, endpoint) == (decision.version, "approved", UP)
    if isinstance(decision, Refuse):
        assert decision.sentence
        assert decision.hint


def replayed(moves: list[int]) -> list[AliasMove]:
    """Moves of alias champion, newest first, from versions that were promoted; 0 rolls back."""
    history: list[AliasMove] = []
    for newest in moves:
        champion = history[0].version if history else None
        to = promoted_over(history, champion) if newest == 0 and champion else newest
        if to:
            history.insert(0, move(to, champion))
    return history


@given(st.lists(st.booleans(), max_size=12))
def test_rollbacks_undo_promotions_like_a_stack(story: list[bool]) -> None:
    stack: list[int] = []
    moves: list[int] = []
    for version, is_promotion in enumerate(story, start=1):
        if is_promotion:
            stack.append(version)
            moves.append(version)
        elif len(stack) > 1:
            stack.pop()
            moves.append(0)
    history = replayed(moves)
    assert (history[0].version if history else None) == (stack[-1] if stack else None)
    if stack:
        assert promoted_over(history, stack[-1]) == (stack[-2] if len(stack) > 1 else None)


def test_a_version_that_was_never_promoted_has_nothing_before_it() -> None:
    assert promoted_over([move(2, 1)], 7) is None


@given(
    champion=st.sampled_from([None, move(None, 3), move(3, 2), move(3, None), move(3, 4)]),
    late=st.integers(-2, 2),
    target=st.sampled_from([None, 2]),
    endpoint=st.sampled_from([None, UP, EndpointState("e", "Failed")]),
)
def test_an_alarm_goes_back_from_a_promotion_only_and_only_for_what_came_after_it(
    champion: AliasMove | None, late: int, target: int | None, endpoint: EndpointState | None
) -> None:
    there = position(champion=champion, target=target, target_endpoint=endpoint)
    decision = weigh_alarm(there, raised_at=AT + timedelta(seconds=late))
    by_hand = weigh_rollback(there, expected=None)
    if isinstance(decision, RollBack | Remake):
        assert decision == by_hand
        assert late >= 0
    elif isinstance(decision, AlreadyBack):
        assert champion is not None
        assert champion.is_rollback
        assert late <= 0
    else:
        assert isinstance(by_hand, Refuse) or late < 0 or by_hand == AlreadyBack(move(3, 4))


def challenger(**changes: object) -> Rollout:
    steps = Steps.model_validate({"weights": [5, 25]}, strict=False)
    known = {
        "version": 4,
        "phase": Phase.running,
        "endpoint_name": "e4",
        "actor": "ana",
        "reason": "r",
        "started_at": AT - timedelta(minutes=5),
        "progress": first_progress(3, steps, 100, AT),
    }
    return Rollout.model_validate({**known, **changes})


def test_a_challenger_loses_its_requests_before_the_champion_does() -> None:
    stepping = challenger()
    there = position(challenger=stepping)
    assert weigh_rollback(there, expected=None) == Withdraw(stepping)
    assert weigh_rollback(there, expected=4) == Withdraw(stepping)
    assert weigh_rollback(there, expected=3) == RollBack(2, 3)
    assert weigh_alarm(there, raised_at=AT) == Withdraw(stepping)
    before_it_began = AT - timedelta(seconds=1)
    assert not isinstance(weigh_alarm(there, raised_at=before_it_began), Withdraw)


def test_a_challenger_that_was_withdrawn_is_not_followed_by_the_champion() -> None:
    gone = challenger(phase=Phase.failed, ended_at=AT + timedelta(minutes=1))
    there = position(withdrawn=gone)
    assert weigh_rollback(there, expected=None) == AlreadyWithdrawn(gone)
    assert weigh_rollback(there, expected=4) == AlreadyWithdrawn(gone)
    assert weigh_rollback(there, expected=3) == RollBack(2, 3)
    assert weigh_alarm(there, raised_at=AT + timedelta(minutes=1)) == AlreadyWithdrawn(gone)
    assert weigh_alarm(there, raised_at=AT + timedelta(minutes=2)) == RollBack(2, 3)
