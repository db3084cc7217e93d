"""retire_endpoints: what answers no more loses its endpoint after its probation, and nothing that is needed does."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving_platform import MODEL, Platform, deployed
from trimtab import names
from trimtab.aws.endpoints import Endpoints
from trimtab.aws.rollouts import Rollouts
from trimtab.aws.routes import Routes
from trimtab.domain.rollouts import Phase
from trimtab.domain.routing import Route
from trimtab.errors import Fault


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed() as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    stage.reset()
    return stage


def endpoints(platform: Platform) -> list[str]:
    return sorted(Endpoints(platform.runtime.sagemaker).names("trimtab-dev-"))


def route(platform: Platform) -> Route | None:
    return Routes(platform.runtime.table).get(MODEL)


def test_the_champion_before_keeps_its_endpoint_through_its_probation_and_no_longer(
    platform: Platform,
) -> None:
    platform.promote(1, 2)
    platform.clock.forward(days=6, hours=22)
    assert platform.retire() == []
    platform.clock.forward(hours=1)
    assert platform.retire() == ["trimtab-dev-delays-v1"]
    assert endpoints(platform) == ["trimtab-dev-delays-v2"]
    left = route(platform)
    assert left is not None
    assert left.targets == Route.to(2, "trimtab-dev-delays-v2").targets
    entry = platform.audit()[0]
    assert (entry.action, entry.actor, entry.subject) == (
        "EndpointRetired",
        "retire_endpoints",
        "version 1",
    )
    assert platform.retire() == []
    assert len([e for e in platform.audit() if e.action == "EndpointRetired"]) == 1


def test_a_version_that_lost_its_traffic_loses_its_endpoint_and_the_champion_never_does(
    platform: Platform,
) -> None:
    platform.promote(1, 2)
    platform.roll_back()
    platform.clock.forward(days=400)
    assert platform.retire() == ["trimtab-dev-delays-v2"]
    assert endpoints(platform) == ["trimtab-dev-delays-v1"]


def test_a_rollback_to_a_retired_version_has_its_endpoint_made_again(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.clock.forward(days=7)
    platform.retire()
    platform.endpoint_will_be(1, "Creating")
    assert platform.roll_back()[1]["waits"] is True
    platform.clock.forward(days=7)
    assert platform.retire() == []
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")
    rollout = Rollouts(platform.runtime.table).get(MODEL, 1)
    assert rollout is not None
    assert rollout.retired_at is None


def test_nobody_rolls_back_to_an_endpoint_that_is_being_taken_down(platform: Platform) -> None:
    """It still answers: the function that takes it down died before it deleted it."""
    platform.promote(1, 2)
    platform.clock.forward(days=7)
    platform.sagemaker_refuses("DeleteEndpoint", "ThrottlingException", "slower")
    with pytest.raises(Fault, match="slower"):
        platform.retire()
    status, problem = platform.roll_back()
    assert status == 503
    assert "version 1 is being taken down just now" in problem["detail"]
    platform.clock.forward(minutes=2)
    platform.sagemaker_takes_all_again()
    assert platform.roll_back()[1]["changed"] is True
    assert platform.retire() == []
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")


def test_a_rollback_in_between_keeps_the_endpoint(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.clock.forward(days=7)
    retiring = platform.runtime.dynamodb
    waiting = [platform.roll_back]

    def first(params: dict[str, Any], **_: Any) -> None:
        if b"retire_endpoints" in params["body"] and waiting:
            assert waiting.pop()()[1]["changed"] is True

    platform.on(retiring, "before-call.dynamodb.TransactWriteItems", first)
    assert platform.retire() == []
    assert endpoints(platform) == ["trimtab-dev-delays-v1", "trimtab-dev-delays-v2"]
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")


def test_an_endpoint_of_nobodys_version_is_left_alone(platform: Platform) -> None:
    platform.promote(1)
    for name in ("trimtab-dev-playground", "trimtab-dev-forgotten-v3", "trimtab-dev-delays-v9"):
        platform.runtime.sagemaker.create_endpoint(
            EndpointName=name, EndpointConfigName=names.endpoint_name("dev", MODEL, 1)
        )
    platform.clock.forward(days=400)
    assert platform.retire() == []
    assert len(endpoints(platform)) == 4


def test_a_rollout_that_begins_anew_gets_its_endpoint_again(platform: Platform) -> None:
    platform.promote(1)
    platform.record_version(2)
    platform.was_evaluated(2, 0.25)
    platform.model_answers({"predictions": [0.5]})
    platform.approve(2)
    platform.clock.forward(days=7)
    assert platform.retire() == ["trimtab-dev-delays-v2"]
    platform.endpoint_will_be(2, "Creating")
    assert platform.say("retry", 2)[0] == 200
    platform.endpoint_is(2, "InService")
    platform.model_answers({"predictions": [0.25]})
    platform.endpoint_event(2)
    rollout = Rollouts(platform.runtime.table).get(MODEL, 2)
    assert rollout is not None
    assert rollout.phase is Phase.successful
