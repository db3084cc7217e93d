"""advance_rollout: a challenger gets what it has earned, minute by minute, and loses it once."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from functions.advance_rollout.handler import lambda_handler
from tests.serving_platform import (
    MODEL,
    PERSON,
    LambdaContext,
    Platform,
    deployed,
    http_event,
)
from trimtab.aws import keys
from trimtab.aws.aliases import Aliases
from trimtab.aws.rollouts import Rollouts
from trimtab.aws.routes import Routes
from trimtab.aws.steps import Steps as StepStore
from trimtab.aws.table import Put
from trimtab.aws.versions import Versions
from trimtab.domain.rollouts import Phase, Rollout
from trimtab.domain.steps import Guardrail, Guardrails, Steps
from trimtab.errors import InvalidInput

STEPS = Steps(
    weights=(5, 50),
    bake_minutes=3,
    deadline_minutes=30,
    minimum_requests=100,
    guardrails=Guardrails(failed=Guardrail(tolerable=0.02), slow=Guardrail(tolerable=0.02)),
)


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed(STEPS) as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    """Version 1 is the champion, version 2 has begun."""
    stage.reset()
    stage.promote(1)
    stage.clock.forward(seconds=20)
    stage.record_version(2)
    stage.approve(2)
    return stage


def rollout(platform: Platform, version: int = 2) -> Rollout:
    found = Rollouts(platform.runtime.table).get(MODEL, version)
    assert found is not None
    return found


def weights(platform: Platform) -> dict[int, int]:
    route = Routes(platform.runtime.table).get(MODEL)
    return {target.version: target.weight for target in route.targets} if route else {}


def alias(platform: Platform, name: str) -> int | None:
    move = Aliases(platform.runtime.table).get(MODEL, name)
    return move.version if move else None


def minute(
    platform: Platform, champion: int = 400, challenger: int = 60, failed: int = 0, ticks: int = 1
) -> None:
    """Let a minute of requests pass, and the clock tick."""
    platform.measure(1, champion, failed=1)
    platform.measure(2, challenger, failed=failed)
    platform.clock.forward(minutes=1)
    platform.tick(ticks)


def names(platform: Platform) -> list[str]:
    return [name for name, _ in platform.events()]


def test_a_later_version_begins_with_the_first_weight_and_its_champion_stays(
    platform: Platform,
) -> None:
    assert weights(platform) == {1: 95, 2: 5}
    assert (alias(platform, "champion"), alias(platform, "challenger")) == (1, 2)
    assert rollout(platform).weight == 5
    assert platform.audit()[0].after == {"phase": "running", "champion": 1, "weight": 5}


def test_a_healthy_challenger_goes_from_weight_to_weight_to_all_requests(
    platform: Platform,
) -> None:
    platform.events()
    seen = []
    for _ in range(20):
        minute(platform)
        if not seen or seen[-1] != weights(platform):
            seen.append(weights(platform))
    assert seen == [{1: 95, 2: 5}, {1: 50, 2: 50}, {2: 100}]
    assert rollout(platform).phase is Phase.successful
    assert (alias(platform, "champion"), alias(platform, "previous")) == (2, 1)
    assert alias(platform, "challenger") is None
    assert names(platform) == ["RolloutAdvanced", "RolloutAdvanced", "RolloutPromoted"]
    assert platform.champion_parameter() == rollout(platform).endpoint_name
    assert StepStore(platform.runtime.table).under_way() == []


def test_a_challenger_that_fails_more_often_loses_its_requests_and_is_blocked(
    platform: Platform,
) -> None:
    minute(platform)
    platform.events()
    for _ in range(4):
        minute(platform, failed=6)
    ended = rollout(platform)
    assert (ended.phase, ended.weight) == (Phase.failed, 0)
    assert ended.reason.startswith("failed: ")
    assert "evidence" in ended.reason
    assert weights(platform) == {1: 100}
    version = Versions(platform.runtime.table).get(MODEL, 2)
    assert version is not None
    assert version.status == "blocked"
    [(name, told)] = platform.events()
    assert name == "RolloutRolledBack"
    assert (told["version"], told["from_version"], told["weight"]) == (1, 2, 5)
    assert platform.audit()[0].action == "RolloutRolledBack"


def test_a_challenger_that_nobody_asks_is_never_promoted_and_leaves_at_its_deadline(
    platform: Platform,
) -> None:
    for _ in range(40):
        platform.clock.forward(minutes=1)
        platform.tick()
    ended = rollout(platform)
    assert ended.phase is Phase.inconclusive
    assert ended.reason.startswith("0 of 100 requests, after ")
    assert weights(platform) == {1: 100}
    version = Versions(platform.runtime.table).get(MODEL, 2)
    assert version is not None
    assert version.status == "approved"  # it may be tried again


def test_a_minute_that_is_delivered_often_counts_once(platform: Platform) -> None:
    for _ in range(4):
        minute(platform, ticks=3)
    progress = rollout(platform).progress
    assert progress is not None
    assert progress.readings["failed"].challenger_requests == 120  # two settled minutes of 60
    assert [name for name in names(platform) if name == "RolloutAdvanced"] == ["RolloutAdvanced"]


def test_ticks_at_the_same_time_have_one_outcome(platform: Platform) -> None:
    for _ in range(6):
        platform.measure(1, 400, failed=1)
        platform.measure(2, 60)
        platform.clock.forward(minutes=1)
    threads = [threading.Thread(target=platform.tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    progress = rollout(platform).progress
    assert progress is not None
    assert (progress.step, weights(platform)) == (1, {1: 50, 2: 50})
    assert progress.readings["failed"].challenger_requests == 240


def test_what_a_crash_kept_from_being_told_the_next_minute_tells(platform: Platform) -> None:
    table = platform.runtime.table
    platform.tick()
    for _ in range(5):
        minute(platform, failed=30)
    assert rollout(platform).phase is Phase.failed
    platform.events()
    # As if the function had died between its commit and its telling.
    table.commit(Put(keys.STEPPING, keys.stepping(MODEL, 2), {}))
    platform.tick()
    assert names(platform) == ["RolloutRolledBack"]
    platform.tick()
    assert names(platform) == []


def test_a_challenger_that_is_rejected_meanwhile_loses_its_requests(platform: Platform) -> None:
    platform.record_version(2, "rejected")
    platform.tick()
    platform.tick()
    assert rollout(platform).reason == "version 2 is rejected: it may not serve"
    assert weights(platform) == {1: 100}


def test_a_paused_rollout_keeps_its_weight_until_it_is_resumed(platform: Platform) -> None:
    minute(platform)
    status, told = platform.say("pause", 2, "the weekend comes")
    assert (status, told["changed"]) == (200, True)
    assert platform.say("pause", 2)[1]["changed"] is False
    for _ in range(8):
        minute(platform)
    assert weights(platform) == {1: 95, 2: 5}
    assert rollout(platform).reason.startswith("paused since ")
    platform.say("resume", 2)
    for _ in range(5):
        minute(platform)
    assert weights(platform) == {1: 50, 2: 50}
    assert [entry.action for entry in platform.audit()][1:3] == ["RolloutResumed", "RolloutPaused"]


def test_a_breach_ends_a_paused_rollout_too(platform: Platform) -> None:
    platform.say("pause", 2)
    for _ in range(5):
        minute(platform, failed=20)
    assert rollout(platform).phase is Phase.failed


def test_a_person_can_promote_at_once(platform: Platform) -> None:
    status, told = platform.say("promote", 2, "the old one is wrong by law")
    assert (status, told["sentence"]) == (200, "Version 2 answers all requests.")
    assert weights(platform) == {2: 100}
    assert platform.say("promote", 2)[1]["changed"] is False
    assert platform.audit()[0].actor == PERSON


def test_an_aborted_rollout_can_be_tried_again(platform: Platform) -> None:
    for _ in range(4):
        minute(platform, failed=1)
    status, told = platform.say("abort", 2, "the data team wants to look first")
    assert status == 200
    assert told["sentence"] == (
        "Version 2 gets no requests any more; version 1 answers all of them."
    )
    assert weights(platform) == {1: 100}
    status, told = platform.say("retry", 2, "they have looked")
    assert (status, told["rollout"]["phase"]) == (200, "running")
    assert weights(platform) == {1: 95, 2: 5}
    for _ in range(4):
        minute(platform)
    progress = rollout(platform).progress
    assert progress is not None
    assert progress.readings["failed"].challenger_bad == 0  # the first try counts no more


@pytest.mark.parametrize(
    ("order", "version", "status", "told"),
    [
        ("pause", 1, 409, "nothing to pause: the rollout of version 1 has ended: successful"),
        ("abort", 1, 409, "nothing to abort: the rollout of version 1 has ended: successful"),
        ("retry", 1, 409, "nothing to retry: the rollout of version 1 has ended: successful"),
        ("pause", 7, 404, "delays has no rollout of version 7"),
    ],
)
def test_a_word_that_makes_no_sense_is_refused(
    platform: Platform, order: str, version: int, status: int, told: str
) -> None:
    answered, body = platform.say(order, version)
    assert (answered, body["detail"]) == (status, told)


def test_a_blocked_version_is_not_tried_again(platform: Platform) -> None:
    platform.roll_back()
    status, body = platform.say("retry", 2)
    assert (status, body["detail"]) == (409, "version 2 is blocked: it may not serve")


def test_the_next_version_waits_and_begins_when_the_first_has_ended(platform: Platform) -> None:
    platform.record_version(3)
    platform.approve(3)
    assert weights(platform) == {1: 95, 2: 5}
    platform.events()
    platform.say("abort", 2)
    platform.end_delivery()()
    assert weights(platform) == {1: 95, 3: 5}


def test_a_rollback_during_a_rollout_withdraws_the_challenger_and_only_once(
    platform: Platform,
) -> None:
    first, again = platform.roll_back(), platform.roll_back()
    assert first[1]["sentence"] == (
        "Version 1 of delays answers all requests again; version 2 is blocked."
    )
    assert (first[1]["changed"], again[1]["changed"]) == (True, False)
    assert (weights(platform), alias(platform, "champion")) == ({1: 100}, 1)
    assert rollout(platform).phase is Phase.failed


def test_an_alarm_during_a_rollout_withdraws_the_challenger_and_a_late_one_nothing(
    platform: Platform,
) -> None:
    minute(platform)
    at = platform.clock.now()
    assert platform.alarm(at, times=3) == [
        "version 1 answers again",
        "version 1 answers already",
        "version 1 answers already",
    ]
    assert weights(platform) == {1: 100}


def test_a_champion_that_is_rolled_back_takes_the_comparison_with_it(platform: Platform) -> None:
    platform.say("promote", 2)
    platform.clock.forward(hours=1)
    platform.record_version(3)
    platform.approve(3)
    assert weights(platform) == {2: 95, 3: 5}
    status, told = platform.roll_back(reason="wrong since yesterday", from_version=2)
    assert (status, told["version"]) == (200, 1)
    assert (weights(platform), alias(platform, "challenger")) == ({1: 100}, None)
    assert rollout(platform, 3).phase is Phase.inconclusive


def test_one_rollout_that_cannot_be_looked_at_is_told_and_keeps_no_other_from_it(
    platform: Platform,
) -> None:
    platform.runtime.table.commit(Put(keys.STEPPING, keys.stepping("a-former-model", 1), {}))
    for _ in range(3):
        minute(platform)
    progress = rollout(platform).progress
    assert progress is not None
    assert progress.readings["failed"].challenger_requests == 60
    with pytest.raises(InvalidInput, match="advance_rollout cannot read Nothing"):
        lambda_handler({"detail-type": "Nothing"}, LambdaContext())


def test_slow_is_what_is_slower_than_95_percent_of_the_last_days_answers(
    platform: Platform,
) -> None:
    progress = rollout(platform).progress
    assert progress is not None
    assert progress.slow_ms == 5000  # nothing was measured yet: the alarm's limit


def preview(**wish: object) -> tuple[int, dict[str, Any]]:
    event = http_event(f"/v1/models/{MODEL}/rollouts/preview", wish)
    answer = lambda_handler(event, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def test_a_preview_replays_the_policy_on_what_was_measured(platform: Platform) -> None:
    for _ in range(12):
        minute(platform)
    assert rollout(platform).phase is Phase.successful
    status, told = preview()
    assert status == 200
    (release,) = told["releases"]
    assert (release["version"], release["phase"], release["verdict"]) == (
        2,
        "successful",
        "promoted",
    )
    assert told["sentence"] == (
        "would have aborted 0 of 1 good releases and stopped 0 of 0 bad ones"
    )
    _, stricter = preview(minimum_requests=100_000, deadline_minutes=5)
    assert stricter["releases"][0]["verdict"] == "inconclusive"
    assert stricter["steps"]["bake_minutes"] == 3


def test_a_preview_of_a_policy_that_cannot_be_is_refused(platform: Platform) -> None:
    status, problem = preview(bake_minutes=60)
    assert status == 400
    assert "deadline_minutes 30 leaves no time after bake_minutes 60" in str(problem)
    assert preview(weights=[50, 5])[0] == 400
    assert preview(speed=3)[0] == 400
