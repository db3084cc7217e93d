"""roll_back: a person returns the traffic; once, completely, and never to nothing."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from functions.roll_back.handler import lambda_handler
from tests.serving_platform import (
    MODEL,
    PERSON,
    LambdaContext,
    Platform,
    deployed,
    endpoint_state_change,
    http_event,
    raised_alarm,
)
from trimtab.aws.aliases import Aliases
from trimtab.aws.rollouts import Rollouts
from trimtab.aws.routes import Routes
from trimtab.aws.versions import Versions
from trimtab.domain.rollouts import Phase
from trimtab.domain.routing import Route
from trimtab.domain.versions import VersionStatus
from trimtab.errors import Contended, Fault, InvalidInput


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed() as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    stage.reset()
    return stage


def aliases(platform: Platform) -> tuple[int | None, int | None]:
    """Return what champion and previous point at."""
    read = Aliases(platform.runtime.table)
    champion, previous = (read.get(MODEL, name) for name in ("champion", "previous"))
    return champion and champion.version, previous and previous.version  # type: ignore[return-value]


def test_a_rollback_moves_route_aliases_parameter_and_blocks_the_version_that_is_left(
    platform: Platform,
) -> None:
    platform.promote(1, 2)
    platform.events()
    status, answer = platform.roll_back(reason="late flights are missed")

    assert status == 200
    assert answer["changed"] is True
    assert (answer["version"], answer["from_version"]) == (1, 2)
    assert (
        answer["sentence"]
        == "Version 1 of delays answers all requests again; version 2 is blocked."
    )
    table = platform.runtime.table
    assert Routes(table).get(MODEL) == Route.to(1, "trimtab-dev-delays-v1")
    assert aliases(platform) == (1, None)
    left = Versions(table).get(MODEL, 2)
    assert left is not None
    assert (left.status, left.decided_by) == (VersionStatus.blocked, PERSON)
    rollout = Rollouts(table).get(MODEL, 2)
    assert rollout is not None
    assert rollout.phase is Phase.failed
    assert rollout.reason == "rolled back to version 1: late flights are missed"
    assert platform.champion_parameter() == "trimtab-dev-delays-v1"
    ((name, told),) = platform.events()
    assert name == "RolloutRolledBack"
    assert (told["version"], told["from_version"], told["actor"]) == (1, 2, PERSON)
    entry = platform.audit()[0]
    assert (entry.action, entry.actor, entry.reason) == (
        "RolloutRolledBack",
        PERSON,
        "late flights are missed",
    )


def test_the_same_request_again_says_that_it_is_already_so(platform: Platform) -> None:
    platform.promote(1, 2, 3)
    first = platform.roll_back(reason="late", from_version=3)
    history = len(platform.audit())
    for body in ({"reason": "late"}, {"reason": "late", "from_version": 3}):
        status, answer = platform.roll_back(**body)
        assert status == 200
        assert (answer["changed"], answer["version"], answer["at"]) == (False, 2, first[1]["at"])
        assert answer["sentence"].startswith("Version 2 of delays answers all requests already")
    assert aliases(platform) == (2, 1)
    assert len(platform.audit()) == history


def test_a_second_rollback_goes_further_back_only_if_it_says_from_where(platform: Platform) -> None:
    platform.promote(1, 2, 3)
    platform.roll_back(reason="late")
    status, answer = platform.roll_back(reason="late too", from_version=2)
    assert (status, answer["version"], answer["changed"]) == (200, 1, True)
    assert aliases(platform) == (1, None)
    assert platform.champion_parameter() == "trimtab-dev-delays-v1"


def test_after_a_rollback_the_next_version_is_promoted_and_rolls_back_to_the_good_one(
    platform: Platform,
) -> None:
    platform.promote(1, 2)
    platform.roll_back(reason="late")
    platform.promote(3)
    assert aliases(platform) == (3, 1)
    platform.roll_back(reason="late again")
    assert aliases(platform) == (1, None)


def test_what_a_crash_kept_from_being_told_is_told_by_the_repeated_request(
    platform: Platform,
) -> None:
    platform.promote(1, 2)
    platform.roll_back(reason="late")
    platform.runtime.ssm.delete_parameter(Name="/trimtab/dev/delays/champion")
    platform.events()
    platform.roll_back(reason="late")
    assert platform.champion_parameter() == "trimtab-dev-delays-v1"
    assert [name for name, _ in platform.events()] == ["RolloutRolledBack"]


@pytest.mark.parametrize(
    ("versions", "sentence"),
    [
        ((), "no version of delays answers: there is nothing to roll back"),
        ((1,), "version 1 has no version before it to return to"),
    ],
)
def test_there_is_no_rollback_to_nothing(
    platform: Platform, versions: tuple[int, ...], sentence: str
) -> None:
    platform.promote(*versions)
    status, problem = platform.roll_back(reason="late")
    assert (status, problem["code"], problem["detail"]) == (409, "CONFLICT", sentence)
    assert problem["hint"]
    assert aliases(platform)[0] == (versions[0] if versions else None)


def test_there_is_no_rollback_to_an_endpoint_that_does_not_answer(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.endpoint_is(1, "Failed", "image is gone")
    status, problem = platform.roll_back(reason="late")
    assert status == 409
    assert problem["detail"] == (
        "version 1 cannot answer: its endpoint is Failed, not InService (image is gone)"
    )
    assert aliases(platform) == (2, 1)
    assert platform.champion_parameter() == "trimtab-dev-delays-v2"


def gone(platform: Platform) -> None:
    """Delete the endpoint of the version before; what is made again is not there at once."""
    platform.promote(1, 2)
    platform.runtime.sagemaker.delete_endpoint(EndpointName="trimtab-dev-delays-v1")
    platform.endpoint_will_be(1, "Creating")
    platform.events()


def test_an_endpoint_that_is_gone_is_made_again_and_then_the_traffic_returns(
    platform: Platform,
) -> None:
    gone(platform)
    for _ in range(2):
        status, answer = platform.roll_back(reason="late")
        assert (status, answer["changed"], answer["waits"]) == (200, False, True)
        assert answer["sentence"] == (
            "Version 1 of delays has no endpoint any more: it is made again from the version's artifact, and all"
            " requests move once it answers as in the evaluation. Version 2 answers until then."
        )
    assert aliases(platform) == (2, 1)
    assert platform.audit()[0].action == "RollbackWaits"
    assert platform.audit()[1].action == "RolloutPromoted"
    with pytest.raises(Fault, match="was told as settled and is Creating"):
        lambda_handler(endpoint_state_change(1, "IN_SERVICE"), LambdaContext())

    platform.endpoint_is(1, "InService")
    platform.was_evaluated(1, 0.25)
    platform.model_answers({"predictions": [0.25]})
    for _ in range(2):
        platform.endpoint_event(1)
    assert aliases(platform) == (1, None)
    entry = platform.audit()[0]
    assert (entry.action, entry.actor, entry.reason) == ("RolloutRolledBack", PERSON, "late")
    assert [name for name, _ in platform.events()] == ["RolloutRolledBack"]


def test_an_alarm_has_the_endpoint_made_again_too(platform: Platform) -> None:
    gone(platform)
    assert platform.alarm(times=2) == ["version 1 answers once its endpoint is made again"] * 2
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)
    assert aliases(platform) == (1, None)
    assert platform.audit()[0].reason.startswith("alarm trimtab-dev-champion-delays-failing: ")


def test_an_endpoint_that_is_being_deleted_is_waited_for(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.events()
    platform.endpoint_is(1, "Deleting")
    with pytest.raises(Contended, match="version 1 is being taken down just now"):
        platform.alarm()
    status, problem = platform.roll_back(reason="late")
    assert (status, problem["hint"]) == (503, "repeat in a minute: it is made again then")
    assert (aliases(platform), platform.events()) == ((2, 1), [])

    platform.runtime.sagemaker.delete_endpoint(EndpointName="trimtab-dev-delays-v1")
    platform.endpoint_will_be(1, "Creating")
    assert platform.alarm() == ["version 1 answers once its endpoint is made again"]


def test_an_endpoint_that_fails_again_ends_the_rollback_and_is_told_once(
    platform: Platform,
) -> None:
    gone(platform)
    platform.roll_back(reason="late")
    platform.endpoint_is(1, "Failed", "image is gone")
    for _ in range(2):
        platform.endpoint_event(1, "FAILED")
    assert aliases(platform) == (2, 1)
    ((name, told),) = platform.events()
    assert (name, told["alarm"], told["version"]) == ("RollbackRefused", None, 2)
    assert told["reason"].startswith(
        f"the rollback that {PERSON} asked for moved no traffic:"
        " endpoint trimtab-dev-delays-v1 was made again and failed: image is gone; "
    )
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)
    assert aliases(platform) == (2, 1)


def test_a_rollback_that_waits_is_made_no_more_once_another_version_is_champion(
    platform: Platform,
) -> None:
    gone(platform)
    platform.roll_back(reason="late")
    platform.promote(3)
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)
    assert aliases(platform) == (3, 2)
    assert any("the champion is version 3, not 2" in entry.reason for entry in platform.audit())


def test_an_endpoint_that_sagemaker_does_not_make_again_is_told(platform: Platform) -> None:
    gone(platform)
    platform.sagemaker_refuses("CreateEndpoint", "ValidationException", "Could not find the config")
    status, problem = platform.roll_back(reason="late")
    assert (status, problem["detail"]) == (
        409,
        "version 1 has no endpoint, and SageMaker makes none of it: Could not find the config",
    )
    platform.sagemaker_takes_all_again()
    assert platform.roll_back(reason="late")[1]["waits"] is True


def test_there_is_no_rollback_to_a_version_that_may_not_serve(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.record_version(1, status="rejected")
    status, problem = platform.roll_back(reason="late")
    assert status == 409
    assert problem["detail"] == "the version before, version 1, is rejected: it may not serve"


def test_a_caller_who_believes_in_another_champion_is_told(platform: Platform) -> None:
    platform.promote(1, 2)
    status, problem = platform.roll_back(reason="late", from_version=1)
    assert (status, problem["detail"]) == (409, "the champion is version 2, not 1")


def test_an_unknown_model_is_told_with_the_models_there_are(platform: Platform) -> None:
    status, problem = platform.roll_back(model="delay", reason="late")
    assert (status, problem["code"]) == (404, "NOT_FOUND")
    assert MODEL in problem["hint"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": " "}, "reason"),
        ({"reason": "x", "from_version": "2"}, "from_version"),
    ],
)
def test_a_request_that_says_no_reason_or_says_it_wrongly_is_refused(
    platform: Platform, body: dict[str, Any], field: str
) -> None:
    platform.promote(1, 2)
    event = http_event(f"/v1/models/{MODEL}/rollback", body)
    answer = lambda_handler(event, LambdaContext())
    assert answer["statusCode"] == 400
    assert f'"field": "{field}"' in answer["body"]
    assert aliases(platform) == (2, 1)


def test_rollbacks_at_the_same_time_have_one_outcome(platform: Platform) -> None:
    platform.promote(1, 2, 3)
    together, answers = threading.Barrier(4), []

    def ask() -> None:
        together.wait()
        answers.append(platform.roll_back(reason="late"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [status for status, _ in answers] == [200] * 4
    assert sorted(answer["changed"] for _, answer in answers) == [False, False, False, True]
    assert {answer["version"] for _, answer in answers} == {2}
    assert aliases(platform) == (2, 1)
    assert sum(entry.action == "RolloutRolledBack" for entry in platform.audit()) == 1


def test_a_rollback_and_a_promotion_at_the_same_time_leave_route_and_aliases_at_one(
    platform: Platform,
) -> None:
    platform.promote(1, 2)
    platform.record_version(3)
    platform.endpoint_will_be(3, "Creating")
    platform.approve(3)
    platform.endpoint_is(3, "InService")
    together = threading.Barrier(2)

    def promote() -> None:
        together.wait()
        platform.endpoint_event(3)

    def back() -> None:
        together.wait()
        platform.roll_back(reason="late", from_version=2)

    threads = [threading.Thread(target=work) for work in (promote, back)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    route = Routes(platform.runtime.table).get(MODEL)
    champion, previous = aliases(platform)
    assert champion == 3
    assert route is not None
    assert route.targets == Route.to(3, "trimtab-dev-delays-v3").targets
    assert platform.champion_parameter() == "trimtab-dev-delays-v3"
    blocked = Versions(platform.runtime.table).get(MODEL, 2)
    assert blocked is not None
    assert (previous, blocked.status) in [(1, VersionStatus.blocked), (2, VersionStatus.approved)]


def test_the_champions_alarm_returns_the_traffic_with_its_numbers_in_the_trail(
    platform: Platform,
) -> None:
    platform.promote(1, 2)
    platform.events()
    assert platform.alarm() == ["version 1 answers again"]

    assert Routes(platform.runtime.table).get(MODEL) == Route.to(1, "trimtab-dev-delays-v1")
    assert aliases(platform) == (1, None)
    assert platform.champion_parameter() == "trimtab-dev-delays-v1"
    entry = platform.audit()[0]
    assert (entry.action, entry.actor) == ("RolloutRolledBack", "roll_back")
    assert entry.reason.startswith(
        "alarm trimtab-dev-champion-delays-failing: Threshold Crossed: 2 out of the last 3 datapoints [0.31 "
    )
    ((name, told),) = platform.events()
    assert (name, told["version"], told["from_version"]) == ("RolloutRolledBack", 1, 2)


def test_an_alarm_that_is_delivered_often_has_one_outcome(platform: Platform) -> None:
    platform.promote(1, 2, 3)
    first, *others = platform.alarm(times=50)
    assert (first, set(others)) == ("version 2 answers again", {"version 2 answers already"})
    assert aliases(platform) == (2, 1)
    assert sum(entry.action == "RolloutRolledBack" for entry in platform.audit()) == 1


def test_alarms_at_the_same_time_have_one_outcome(platform: Platform) -> None:
    platform.promote(1, 2, 3)
    at, together, said = platform.clock.now(), threading.Barrier(4), []

    def ring() -> None:
        together.wait()
        said.extend(platform.alarm(at))

    threads = [threading.Thread(target=ring) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(said) == ["version 2 answers again"] + ["version 2 answers already"] * 3
    assert aliases(platform) == (2, 1)


def test_an_alarm_about_the_champion_before_moves_nothing_and_is_told_once(
    platform: Platform,
) -> None:
    platform.promote(1)
    late = platform.clock.now()
    platform.promote(2)
    platform.events()
    (sentence, _) = platform.alarm(late, times=2)

    assert "moved no traffic: it was raised before version 2 became champion" in sentence
    assert aliases(platform) == (2, 1)
    assert [name for name, _ in platform.events()] == ["RollbackRefused"] * 2
    refused = [entry for entry in platform.audit() if entry.action == "RollbackRefused"]
    (entry,) = refused
    assert (entry.actor, entry.before, entry.reason) == ("roll_back", {"champion": 2}, sentence)
    assert entry.after["alarm"].startswith("Threshold Crossed")


def test_an_alarm_about_the_version_that_traffic_returned_to_goes_back_no_further(
    platform: Platform,
) -> None:
    platform.promote(1, 2, 3)
    platform.alarm()
    (sentence,) = platform.alarm()
    assert "traffic returned to version 2 already; an alarm goes back no further" in sentence
    assert "trimtab rollback delays --from 2" in sentence
    assert aliases(platform) == (2, 1)


def test_an_alarm_about_the_first_version_of_a_model_moves_nothing(platform: Platform) -> None:
    platform.promote(1)
    (sentence,) = platform.alarm()
    assert "version 1 has no version before it to return to" in sentence
    assert aliases(platform) == (1, None)


def test_what_is_returned_to_answers_as_in_its_evaluation_first(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.was_evaluated(1, 0.25, 0.75)
    platform.model_answers({"predictions": [0.25, 0.75]})
    assert platform.roll_back()[0] == 200
    told = "2 of 2 golden rows answered as in the evaluation"
    assert platform.audit()[0].after == {"champion": 1, "blocked": 2, "verified": told}


def test_no_traffic_returns_to_an_endpoint_that_answers_otherwise(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.was_evaluated(1, 0.25)
    platform.model_answers({"predictions": [0.5]})
    status, answer = platform.roll_back()
    assert status == 409
    assert answer["detail"] == (
        "version 1 may not get the requests: 0 of 1 golden rows answered as in the evaluation:"
        " 0.5 where the evaluation had 0.25"
    )
    assert aliases(platform) == (2, 1)
    assert "version 1 may not get the requests: " in platform.alarm()[0]


def test_an_event_that_is_no_champions_alarm_is_refused(platform: Platform) -> None:
    event = raised_alarm(platform.clock.now())
    del event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"][
        "model"
    ]
    with pytest.raises(InvalidInput, match="has no dimension model"):
        lambda_handler(event, LambdaContext())
    with pytest.raises(InvalidInput, match="cannot read CloudWatch Alarm State Change"):
        lambda_handler({**event, "detail": {}}, LambdaContext())
