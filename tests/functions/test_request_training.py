"""request_training: every cause is decided once, started once, and told at least once."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from functions.request_training.handler import lambda_handler
from tests.moto_platform import MODEL, Context, MotoPlatform, moto_platform, trimtab_event
from trimtab.aws.training import Trainings
from trimtab.domain.training import TrainingRequest, finish

EVENTS = Path(__file__).parents[1] / "events"


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Let the function handle an event."""
    return lambda_handler(event, Context())


def ask(
    reason: str = "I changed the features", request_id: str = "JKJaXmPLvHcESHA=", **wish: Any
) -> Any:
    """Ask for training over HTTP as API Gateway does; return status and body."""
    event = json.loads((EVENTS / "http_post_training.json").read_text())
    event["requestContext"]["requestId"] = request_id
    event["body"] = json.dumps({"reason": reason, **wish})
    answer = handle(event)
    return answer["statusCode"], json.loads(answer["body"])


def kept(platform: MotoPlatform, request_id: str) -> TrainingRequest:
    """Return a request as it is kept."""
    found = Trainings(platform.table).request(MODEL, request_id)
    assert found is not None
    return found


def finish_run(platform: MotoPlatform) -> dict[str, Any]:
    """End the run under way as record_training does, and return the event that tells of it."""
    trainings = Trainings(platform.table)
    standing = trainings.standing(MODEL)
    run = standing.state.running
    assert run is not None
    state = finish(standing.state, run.request_id, "successful")
    platform.table.commit(standing.becomes(state))
    detail = {
        "model": MODEL,
        "at": platform.clock.now().isoformat(),
        "reason": "auc 0.74 >= floor 0.6",
        "request_id": run.request_id,
        "execution_arn": "arn",
        "phase": "successful",
    }
    return trimtab_event("TrainingFinished", detail)


def test_a_new_dataset_version_starts_the_pipeline_with_all_it_needs(platform):
    answer = handle(platform.dataset(1))
    assert answer == {
        "decision": "start",
        "reason": "the first training, on all 1,000 rows of dataset 1",
    }
    [arn] = platform.pipelines.started
    [requested] = platform.named("TrainingRequested")
    assert requested["execution_arn"] == arn
    assert requested["cause"] == "new_data"
    assert platform.pipelines.parameters(arn) == {
        "DatasetVersion": "1",
        "ManifestUri": "s3://trimtab-dev-data/datasets/flight-delays/1/manifest.json",
        "RequestId": requested["request_id"],
        "ChampionVersion": "none",
        "ChampionModelUri": "none",
    }
    [entry] = platform.audited("TrainingRequested")
    assert entry["reason"] == answer["reason"]
    request = kept(platform, requested["request_id"])
    assert (request.phase, request.execution_arn) == ("running", arn)


def test_the_same_event_again_starts_nothing_and_tells_again(platform):
    event = platform.dataset(1)
    for _ in range(3):
        handle(event)
    assert len(platform.pipelines.started) == platform.pipelines.calls == 1
    told = platform.named("TrainingRequested")
    assert len(told) == 3
    assert all(one == told[0] for one in told)
    assert len(platform.audited("TrainingRequested")) == 1


def test_a_crash_before_the_pipeline_answered_is_healed_by_the_next_delivery(platform):
    event = platform.dataset(1)
    platform.pipelines.crash_after_start = True
    with pytest.raises(ConnectionError):
        handle(event)
    platform.pipelines.crash_after_start = False
    handle(event)
    [arn] = platform.pipelines.started
    assert platform.pipelines.calls == 2
    assert [one["execution_arn"] for one in platform.named("TrainingRequested")] == [arn]


def test_a_crash_before_the_event_was_told_is_healed_by_the_next_delivery(platform):
    event = platform.dataset(1)
    platform.bus_is_down = True
    with pytest.raises(ConnectionError):
        handle(event)
    platform.bus_is_down = False
    handle(event)
    assert len(platform.pipelines.started) == 1
    assert len(platform.named("TrainingRequested")) == 1


def test_a_start_that_was_never_redelivered_is_healed_by_the_next_cause(platform):
    platform.pipelines.crash_after_start = True
    with pytest.raises(ConnectionError):
        handle(platform.dataset(1))
    platform.pipelines.crash_after_start = False
    assert handle(platform.dataset(2))["decision"] == "wait"
    assert len(platform.pipelines.started) == 1
    assert [one["dataset_version"] for one in platform.named("TrainingRequested")] == [1]


def test_of_two_deliveries_at_the_same_moment_one_starts(platform):
    event = platform.dataset(1)
    platform.before_next_commit(lambda: handle(event))
    handle(event)
    assert len(platform.pipelines.started) == 1
    assert len(platform.audited("TrainingRequested")) == 1
    assert len({one["request_id"] for one in platform.named("TrainingRequested")}) == 1


def test_of_two_causes_at_the_same_moment_one_starts_and_the_other_joins(platform):
    event = platform.dataset(1)
    platform.before_next_commit(lambda: handle(event))
    status, answer = ask()
    assert (status, answer["decision"]) == (202, "join")
    assert len(platform.pipelines.started) == 1
    [skipped] = platform.named("TrainingSkipped")
    assert skipped["reason"] == answer["reason"]
    assert f"request {answer['request_id']} already trains dataset 1" in answer["reason"]


def test_a_cause_that_came_during_a_run_is_decided_when_the_run_ends(platform):
    handle(platform.dataset(1))
    assert handle(platform.dataset(2))["decision"] == "wait"
    assert len(platform.audited("TrainingDeferred")) == 1
    finished = finish_run(platform)
    for _ in range(2):
        assert handle(finished)["decision"] == "start"
    assert len(platform.pipelines.started) == 2
    parameters = platform.pipelines.parameters(platform.pipelines.started[1])
    assert parameters["DatasetVersion"] == "2"
    assert handle(finish_run(platform)) == {}
    assert len(platform.pipelines.started) == 2


def test_a_cause_that_comes_while_the_run_is_being_ended_is_not_lost(platform):
    handle(platform.dataset(1))
    second = platform.dataset(2)
    told: list[dict[str, Any]] = []
    platform.before_next_commit(lambda: told.append(finish_run(platform)))
    assert handle(second)["decision"] == "start"
    assert handle(told[0]) == {}
    assert len(platform.pipelines.started) == 2


def test_datasets_told_out_of_order_make_no_second_run_for_the_older(platform):
    first, second = platform.dataset(1), platform.dataset(2)
    assert handle(second)["decision"] == "start"
    assert handle(first)["decision"] == "join"
    finish_run(platform)
    assert len(platform.pipelines.started) == 1


def test_rows_are_counted_over_all_batches_since_the_last_training(monkeypatch):
    with moto_platform(monkeypatch, retraining={"minimum_new_rows": 2500}) as platform:
        assert handle(platform.dataset(1))["decision"] == "start"
        finish_run(platform)
        platform.clock.advance(minutes=1)
        kinds = [handle(platform.dataset(version))["decision"] for version in (2, 3, 4)]
        assert kinds == ["skip", "skip", "start"]
        reasons = [one["reason"] for one in platform.named("TrainingSkipped")]
        assert reasons[1].startswith("2,000 new rows since the last training < 2,500")
        finish_run(platform)
        platform.clock.advance(minutes=1)
        assert handle(platform.dataset(5))["reason"].startswith("1,000 new rows")


def test_a_skipped_cause_told_again_is_skipped_with_the_same_words(monkeypatch):
    with moto_platform(monkeypatch, retraining={"minimum_new_rows": 2500}) as platform:
        handle(platform.dataset(1))
        finish_run(platform)
        event = platform.dataset(2)
        handle(event)
        platform.dataset(3, 5000)
        assert handle(event)["decision"] == "skip"
        told = platform.named("TrainingSkipped")
        assert len(told) == 2
        assert told[0] == told[1]


def test_a_person_gets_a_run_in_spite_of_the_policy(monkeypatch):
    with moto_platform(monkeypatch, retraining={"minimum_new_rows": 10**6}) as platform:
        handle(platform.dataset(1))
        finish_run(platform)
        platform.clock.advance(minutes=1)
        status, answer = ask("I changed the features")
        assert status == 202
        assert answer["decision"] == "start"
        assert answer["reason"] == "I changed the features"
        entry = platform.audited("TrainingRequested")[0]  # the newest
        assert entry["actor"] == "arn:aws:iam::111122223333:user/example-user"


def test_a_person_who_asks_before_there_are_data_is_told_where_to_put_them(platform):
    status, answer = ask()
    assert (status, answer["code"]) == (409, "CONFLICT")
    assert answer["hint"] == "put a file under incoming/flight-delays/"
    assert platform.pipelines.calls == 0


def test_training_of_an_unknown_model_is_refused_with_the_models_there_are(platform):
    event = json.loads((EVENTS / "http_post_training.json").read_text())
    event["rawPath"] = event["requestContext"]["http"]["path"] = "/v1/models/churn/training"
    answer = handle(event)
    assert answer["statusCode"] == 404
    assert "flight-delays" in json.loads(answer["body"])["hint"]


def test_a_wish_without_a_reason_is_refused(platform):
    status, answer = ask("   ")
    assert status == 400
    assert answer["errors"][0]["field"] == "reason"
    assert platform.pipelines.calls == 0


def test_an_event_of_another_kind_is_not_swallowed(platform):
    with pytest.raises(ValidationError):
        handle(trimtab_event("RolloutPromoted", {"model": MODEL}))


NO_PIPELINE = ("ResourceNotFound", "Pipeline trimtab-dev-flight-delays does not exist.")


def test_a_run_that_can_never_start_ends_in_error_and_stands_in_nobodys_way(platform):
    platform.pipelines.refusal = NO_PIPELINE
    event = platform.dataset(1)
    handle(event)
    [finished] = platform.named("TrainingFinished")
    assert finished["phase"] == "error"
    assert NO_PIPELINE[1] in finished["reason"]
    assert platform.named("TrainingRequested") == []
    [entry] = platform.audited("TrainingFinished")
    assert entry["reason"] == finished["reason"]
    assert entry["actor"] == "request_training"
    assert Trainings(platform.table).standing(MODEL).state.running is None
    handle(event)
    assert platform.named("TrainingFinished") == [finished, finished]
    platform.pipelines.refusal = None
    assert handle(platform.dataset(2))["decision"] == "start"
    assert len(platform.pipelines.started) == 1


def test_a_person_whose_run_can_never_start_is_told_why(platform):
    platform.dataset(1)
    platform.pipelines.refusal = NO_PIPELINE
    status, answer = ask()
    assert (status, answer["code"]) == (503, "MISCONFIGURED")
    assert NO_PIPELINE[1] in answer["detail"]
    platform.pipelines.refusal = None
    assert ask(request_id="another")[0] == 202


def test_a_start_refused_for_a_while_is_tried_again(platform):
    event = platform.dataset(1)
    platform.pipelines.refusal = ("ResourceLimitExceeded", "20 executions are under way")
    with pytest.raises(ClientError):
        handle(event)
    assert platform.events == []
    platform.pipelines.refusal = None
    handle(event)
    assert [name for name, _ in platform.events] == ["TrainingRequested"]


def test_a_persons_plan_chooses_pipeline_dataset_and_parameters(platform):
    platform.dataset(1)
    platform.dataset(2)
    plan = {
        "variant": "sweep",
        "dataset_version": 1,
        "manifest_uri": "s3://trimtab-dev-data/pinned.json",
        "parameters": {"Trials": "12"},
        "purpose": "wider_sweep",
    }
    assert ask(plan=plan)[1]["dataset_version"] == 1
    [arn] = platform.pipelines.started
    assert ":pipeline/trimtab-dev-flight-delays-sweep/" in arn
    given = platform.pipelines.parameters(arn)
    assert given["Trials"] == "12"
    assert (given["DatasetVersion"], given["ManifestUri"]) == ("1", plan["manifest_uri"])
    [requested] = platform.named("TrainingRequested")
    request = kept(platform, requested["request_id"])
    assert (request.rows, request.plan.model_dump(mode="json", exclude_defaults=True)) == (
        1000,
        plan,
    )


def test_a_plan_that_names_another_champion_is_refused(platform):
    platform.dataset(1)
    status, answer = ask(plan={"parameters": {"ChampionVersion": "none"}})
    assert status == 400
    assert "ChampionVersion cannot be chosen" in json.dumps(answer["errors"])
    assert platform.pipelines.calls == 0


def test_a_plan_on_a_dataset_version_that_is_not_there_is_refused(platform):
    platform.dataset(1)
    assert ask(plan={"dataset_version": 7})[0] == 404
    assert platform.pipelines.calls == 0
