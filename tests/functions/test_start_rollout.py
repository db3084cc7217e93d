"""start_rollout: from an approved version to the traffic, whatever order the events come in."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from functions.start_rollout.handler import lambda_handler
from tests.serving_platform import (
    MODEL,
    PERSON,
    LambdaContext,
    Platform,
    deployed,
    endpoint_state_change,
    version_approved,
)
from trimtab.aws.aliases import Aliases
from trimtab.aws.rollouts import Rollouts
from trimtab.aws.routes import Routes
from trimtab.domain.rollouts import Phase
from trimtab.domain.routing import Route
from trimtab.errors import Fault, InvalidInput, NotFound, NotReady


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed() as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    stage.reset()
    return stage


def route(platform: Platform) -> Route | None:
    return Routes(platform.runtime.table).get(MODEL)


def phase(platform: Platform, version: int) -> tuple[Phase, str]:
    rollout = Rollouts(platform.runtime.table).get(MODEL, version)
    assert rollout is not None
    return rollout.phase, rollout.reason


def test_an_approved_version_gets_model_config_and_serverless_endpoint(platform: Platform) -> None:
    platform.record_version(1)
    platform.endpoint_will_be(1, "Creating")
    platform.approve(1)

    sagemaker, name = platform.runtime.sagemaker, "trimtab-dev-delays-v1"
    container = sagemaker.describe_model(ModelName=name)["PrimaryContainer"]
    assert container["ModelDataUrl"] == "s3://data/artifacts/delays/e1/model.tar.gz"
    assert container["Environment"] == {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
        "SAGEMAKER_REGION": "us-east-1",
    }
    config = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert config["ProductionVariants"][0]["ServerlessConfig"] == {
        "MemorySizeInMB": 2048,
        "MaxConcurrency": 10,
    }
    assert phase(platform, 1)[0] is Phase.running
    assert route(platform) is None
    assert [name for name, _ in platform.events()] == ["RolloutStarted"]


def test_a_version_whose_approval_has_ended_does_not_begin_to_serve(platform: Platform) -> None:
    noon = platform.clock.now() + timedelta(hours=4)
    for version in (1, 2):
        platform.record_version(version, expires_at=noon)
        platform.endpoint_will_be(version, "Creating")
    platform.approve(1)
    platform.clock.forward(hours=4)
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)
    assert phase(platform, 1) == (
        Phase.failed,
        f"version 1 is approved until {noon.isoformat(timespec='seconds')}, which has passed: it may not serve",
    )
    assert route(platform) is None
    platform.approve(2)
    assert Rollouts(platform.runtime.table).get(MODEL, 2) is None


def test_a_version_that_serves_goes_on_when_its_approval_ends(platform: Platform) -> None:
    platform.record_version(1, expires_at=platform.clock.now() + timedelta(hours=1))
    platform.endpoint_will_be(1, "InService")
    platform.approve(1)
    platform.clock.forward(hours=2)
    platform.endpoint_event(1)
    assert phase(platform, 1)[0] is Phase.successful
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")


def test_an_endpoint_in_service_takes_all_the_traffic(platform: Platform) -> None:
    platform.record_version(1)
    platform.endpoint_will_be(1, "Creating")
    platform.approve(1)
    platform.events()
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)

    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")
    champion = Aliases(platform.runtime.table).get(MODEL, "champion")
    assert champion is not None
    assert (champion.version, champion.before, champion.actor) == (1, None, "start_rollout")
    assert phase(platform, 1)[0] is Phase.successful
    assert platform.champion_parameter() == "trimtab-dev-delays-v1"
    (promoted,) = platform.events()
    assert promoted[0] == "RolloutPromoted"
    assert promoted[1]["previous_version"] is None
    assert [entry.action for entry in platform.audit()] == ["RolloutPromoted", "RolloutStarted"]


def test_the_old_champion_becomes_previous(platform: Platform) -> None:
    platform.promote(1, 2)
    aliases = Aliases(platform.runtime.table)
    assert [
        m and m.version for m in (aliases.get(MODEL, "champion"), aliases.get(MODEL, "previous"))
    ] == [2, 1]
    assert platform.champion_parameter() == "trimtab-dev-delays-v2"


def test_a_failed_endpoint_ends_the_rollout_and_moves_no_traffic(platform: Platform) -> None:
    platform.promote(1)
    platform.record_version(2)
    platform.endpoint_will_be(2, "Creating")
    platform.approve(2)
    platform.endpoint_is(2, "Failed", "the container did not answer /ping")
    platform.endpoint_event(2, "FAILED")

    assert phase(platform, 2) == (
        Phase.failed,
        "endpoint trimtab-dev-delays-v2 failed: the container did not answer /ping",
    )
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")
    assert platform.audit()[0].action == "RolloutFailed"
    assert platform.runtime.sagemaker.describe_endpoint(EndpointName="trimtab-dev-delays-v2")


def test_a_definition_that_sagemaker_refuses_ends_the_rollout(platform: Platform) -> None:
    platform.sagemaker_refuses("CreateModel", "ValidationException", "Could not find model data")
    platform.record_version(1)
    platform.approve(1)
    told = phase(platform, 1)
    assert told[0] is Phase.failed
    assert "Could not find model data" in told[1]
    assert route(platform) is None


def test_a_name_that_is_taken_is_the_earlier_try_of_the_same_rollout(platform: Platform) -> None:
    platform.record_version(1)
    platform.endpoint_will_be(1, "Creating")
    platform.approve(1)

    for call in ("CreateModel", "CreateEndpointConfig", "CreateEndpoint"):
        platform.sagemaker_refuses(call, "ValidationException", "Cannot create already existing")
    platform.approve(1)
    assert phase(platform, 1)[0] is Phase.running
    assert len(platform.audit()) == 1


def test_a_quota_that_is_reached_fails_the_event_so_that_it_comes_again(platform: Platform) -> None:
    platform.sagemaker_refuses("CreateEndpoint", "ResourceLimitExceeded", "50 endpoints")
    platform.record_version(1)
    with pytest.raises(platform.runtime.sagemaker.exceptions.ClientError):
        platform.approve(1)
    assert phase(platform, 1)[0] is Phase.pending
    platform.sagemaker_takes_all_again()
    platform.approve(1)
    assert phase(platform, 1)[0] is Phase.successful
    assert [name for name, _ in platform.events()] == ["RolloutStarted", "RolloutPromoted"]


def test_repeated_events_change_nothing_and_are_told_again(platform: Platform) -> None:
    platform.promote(1)
    before, audit = route(platform), platform.audit()
    platform.runtime.ssm.delete_parameter(Name="/trimtab/dev/delays/champion")
    platform.events()
    for _ in range(2):
        platform.approve(1)
        platform.endpoint_event(1)
    assert route(platform) == before
    assert platform.audit() == audit
    assert platform.champion_parameter() == "trimtab-dev-delays-v1"
    assert {detail["at"] for name, detail in platform.events() if name == "RolloutPromoted"} == {
        audit[0].at.isoformat().replace("+00:00", "Z")
    }


def test_an_endpoint_event_before_the_approval_is_healed_by_the_approval(
    platform: Platform,
) -> None:
    platform.record_version(1)
    platform.endpoint_event(1)
    assert route(platform) is None
    platform.approve(1)
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")


def test_an_event_that_sagemaker_itself_lags_behind_fails_so_that_it_comes_again(
    platform: Platform,
) -> None:
    platform.record_version(1)
    platform.endpoint_will_be(1, "Creating")
    platform.approve(1)
    with pytest.raises(Fault, match="was told as IN_SERVICE and is Creating"):
        platform.endpoint_event(1)
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")


def test_a_version_is_asked_what_it_answered_in_its_evaluation_before_it_gets_traffic(
    platform: Platform,
) -> None:
    platform.record_version(1)
    platform.was_evaluated(1, 0.25, 0.75)
    platform.model_answers({"predictions": [0.25, 0.7500001]})
    platform.approve(1)
    assert phase(platform, 1) == (
        Phase.successful,
        "endpoint trimtab-dev-delays-v1 is in service and version 1 is approved;"
        " 2 of 2 golden rows answered as in the evaluation",
    )


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            {"predictions": [0.25, 0.5]},
            "1 of 2 golden rows answered as in the evaluation: 0.5 where the evaluation had 0.75",
        ),
        ({"predictions": [0.25]}, "version 2 answered 1 predictions for 2 rows"),
    ],
)
def test_a_version_that_answers_otherwise_than_in_its_evaluation_gets_no_traffic(
    platform: Platform, answer: dict[str, list[float]], sentence: str
) -> None:
    platform.promote(1)
    platform.record_version(2)
    platform.was_evaluated(2, 0.25, 0.75)
    platform.model_answers(answer)
    platform.approve(2)
    assert phase(platform, 2) == (
        Phase.failed,
        f"its endpoint may get no requests: {sentence}",
    )
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")


def test_an_endpoint_that_takes_no_requests_yet_fails_the_event_so_that_it_comes_again(
    platform: Platform,
) -> None:
    platform.record_version(1)
    platform.was_evaluated(1, 0.25)
    platform.runtime_refuses("ThrottlingException")
    with pytest.raises(NotReady):
        platform.approve(1)
    assert phase(platform, 1)[0] is Phase.running
    platform.sagemaker_takes_all_again()
    platform.model_answers({"predictions": [0.25]})
    platform.endpoint_event(1)
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")


def test_an_older_version_that_is_approved_late_does_not_take_over(platform: Platform) -> None:
    platform.promote(2)
    platform.record_version(1)
    platform.approve(1)
    assert phase(platform, 1) == (
        Phase.failed,
        "version 1 is older than the champion, version 2: it does not take over",
    )
    assert route(platform) == Route.to(2, "trimtab-dev-delays-v2")
    assert platform.runtime.sagemaker.list_endpoints()["Endpoints"][0]["EndpointName"].endswith(
        "v2"
    )


def test_a_blocked_version_gets_no_traffic_from_late_events(platform: Platform) -> None:
    platform.record_version(1)
    platform.endpoint_will_be(1, "Creating")
    platform.approve(1)
    platform.record_version(1, status="blocked")
    platform.endpoint_is(1, "InService")
    platform.endpoint_event(1)
    platform.approve(1)
    assert route(platform) is None
    assert phase(platform, 1) == (Phase.failed, "version 1 is blocked: it may not serve")


def test_a_version_that_was_rolled_back_does_not_return_by_late_events(platform: Platform) -> None:
    platform.promote(1, 2)
    assert platform.roll_back()[0] == 200
    platform.approve(2)
    platform.endpoint_event(2)
    assert route(platform) == Route.to(1, "trimtab-dev-delays-v1")
    assert platform.champion_parameter() == "trimtab-dev-delays-v1"


def test_a_version_rejected_before_its_rollout_gets_none(platform: Platform) -> None:
    platform.record_version(1, status="rejected")
    platform.approve(1)
    assert Rollouts(platform.runtime.table).get(MODEL, 1) is None


def test_a_version_that_is_not_recorded_fails_the_event_so_that_it_comes_again(
    platform: Platform,
) -> None:
    with pytest.raises(NotFound, match="version 7 of delays is approved but not recorded"):
        platform.approve(7)


def test_an_endpoint_that_is_nobodys_version_is_left_alone(platform: Platform) -> None:
    event = endpoint_state_change(1, "IN_SERVICE")
    event["detail"]["EndpointName"] = "trimtab-dev-playground"
    lambda_handler(event, LambdaContext())
    assert platform.events() == []


def test_an_event_that_cannot_be_read_is_an_error_and_ends_in_the_dead_letters(
    platform: Platform,
) -> None:
    event = version_approved(1)
    del event["detail"]["version"]
    with pytest.raises(InvalidInput, match="cannot read VersionApproved"):
        lambda_handler(event, LambdaContext())


def test_who_approved_stands_in_the_rollout(platform: Platform) -> None:
    platform.promote(1)
    rollout = Rollouts(platform.runtime.table).get(MODEL, 1)
    assert rollout is not None
    assert rollout.actor == PERSON
