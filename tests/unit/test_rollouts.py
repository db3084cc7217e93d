"""What an approval and the state of an endpoint lead to."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.rollouts import (
    OPEN,
    Announce,
    Begin,
    EndpointState,
    Facts,
    Fail,
    Leave,
    Phase,
    Promote,
    Rollout,
    Start,
    weigh_endpoint,
    weigh_start,
)
from trimtab.domain.steps import Steps

UP = EndpointState("e", "InService")
AT_ONCE = Steps(weights=())

facts = st.builds(
    Facts,
    version=st.integers(1, 5),
    status=st.sampled_from(["approved", "pending_approval", "rejected", "blocked", None]),
    champion=st.none() | st.integers(1, 5),
    phase=st.none() | st.sampled_from(list(Phase)),
)
endpoints = st.builds(
    EndpointState,
    st.just("e"),
    st.sampled_from(["Creating", "InService", "SystemUpdating", "Failed", "Deleting", "missing"]),
    st.sampled_from(["", "no memory"]),
)


@given(facts, endpoints)
def test_only_an_approved_newer_version_in_an_open_rollout_with_an_answering_endpoint_is_promoted(
    known: Facts, endpoint: EndpointState
) -> None:
    may = (
        known.status == "approved"
        and known.phase in OPEN
        and (known.champion is None or known.champion <= known.version)
        and endpoint.status in ("InService", "SystemUpdating")
    )
    assert isinstance(weigh_endpoint(known, endpoint, AT_ONCE), Promote) is may


@given(facts, endpoints)
def test_a_rollout_that_has_ended_is_never_changed(known: Facts, endpoint: EndpointState) -> None:
    if known.phase is not None and known.phase not in OPEN:
        assert isinstance(weigh_endpoint(known, endpoint, AT_ONCE), Leave | Announce)


@given(facts)
def test_only_an_approved_version_starts_and_only_ahead_of_the_champion(known: Facts) -> None:
    decision = weigh_start(known)
    ahead = known.champion is None or known.champion <= known.version
    expected = (Start if ahead else Fail) if known.status == "approved" else Leave
    assert isinstance(decision, expected)


def test_a_champion_is_announced_again_and_one_that_lost_the_traffic_is_not() -> None:
    assert isinstance(
        weigh_endpoint(Facts(2, "approved", 2, Phase.successful), UP, AT_ONCE), Announce
    )
    assert weigh_endpoint(Facts(2, "approved", 3, Phase.successful), UP, AT_ONCE) == Leave(
        "the rollout of version 2 has ended: successful"
    )


@pytest.mark.parametrize(
    ("known", "endpoint", "decision"),
    [
        (Facts(2, "approved", 1, None), UP, Leave("there is no rollout of version 2")),
        (
            Facts(2, "approved", 1, Phase.running),
            EndpointState("e", "Creating"),
            Leave("endpoint e is Creating"),
        ),
        (
            Facts(2, "approved", 1, Phase.running),
            EndpointState("e", "Failed", "no memory"),
            Fail("endpoint e failed: no memory"),
        ),
        (
            Facts(2, "approved", 1, Phase.pending),
            EndpointState("e", "Failed"),
            Fail("endpoint e failed: SageMaker gives no reason"),
        ),
        (
            Facts(2, "approved", 1, Phase.running),
            UP,
            Promote("endpoint e is in service and version 2 is approved"),
        ),
        (Facts(2, None, 1, Phase.running), UP, Fail("version 2 is unknown: it may not serve")),
    ],
)
def test_each_decision_says_why(
    known: Facts, endpoint: EndpointState, decision: Leave | Fail | Promote
) -> None:
    assert weigh_endpoint(known, endpoint, AT_ONCE) == decision


READY = "endpoint e is in service and version 2 is approved"


@pytest.mark.parametrize(
    ("champion", "challenger", "decision"),
    [
        (1, None, Begin(1, f"{READY}: it begins with 5 % of the requests")),
        (None, None, Promote(READY)),  # the first version has nothing to be compared with
        (1, 2, Leave("version 2 takes its steps already")),
        (1, 3, Leave("version 2 waits until version 3 has ended")),
    ],
)
def test_a_later_version_begins_with_the_first_weight_once_no_other_takes_steps(
    champion: int | None, challenger: int | None, decision: Begin | Promote | Leave
) -> None:
    known = Facts(2, "approved", champion, Phase.running, challenger)
    assert weigh_endpoint(known, UP, Steps()) == decision


def test_a_rollout_that_ends_keeps_who_and_since_when() -> None:
    start, end = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    rollout = Rollout(
        version=2,
        phase=Phase.running,
        endpoint_name="e",
        actor="ana",
        reason="r",
        started_at=start,
    )
    ended = rollout.ended(Phase.failed, reason="no memory", at=end)
    assert (ended.phase, ended.reason, ended.ended_at) == (Phase.failed, "no memory", end)
    assert (ended.actor, ended.started_at, ended.version) == ("ana", start, 2)
    assert rollout.phase is Phase.running
