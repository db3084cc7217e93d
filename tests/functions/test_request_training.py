"""request_training: every cause is decided once, started once, and told at least once."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from functions.request_training.facts import facts_of
from functions.request_training.handler import lambda_handler
from tests.moto_platform import MODEL, Context, MotoPlatform, moto_platform, trimtab_event
from trimtab.aws import keys
from trimtab.aws.table import Create, Replace
from trimtab.aws.training import Trainings
from trimtab.domain.retraining import Retraining
from trimtab.domain.training import TrainingRequest, TrainingState, finish

EVENTS = Path(__file__).parents[1] / "events"


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Let the function handle an event."""
    return lambda_handler(event, Context())


def decided(event: dict[str, Any]) -> str:
    """Let the function handle an event that decides on one cause, and return what it came to."""
    [one] = handle(event)["decisions"]
    return one["decision"]


def reason_of(event: dict[str, Any]) -> str:
    """The same, but return the reason."""
    [one] = handle(event)["decisions"]
    return one["reason"]


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
    reason = "the first training, on all 1,000 rows of dataset 1"
    assert handle(platform.dataset(1)) == {"decisions": [{"decision": "start", "reason": reason}]}
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
    assert entry["reason"] == reason
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
    assert decided(platform.dataset(2)) == "wait"
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
    [joined] = platform.named("TrainingJoined")
    assert joined["reason"] == answer["reason"]
    assert f"request {answer['request_id']} already trains dataset 1" in answer["reason"]


def test_a_cause_that_came_during_a_run_is_decided_when_the_run_ends(platform):
    handle(platform.dataset(1))
    assert decided(platform.dataset(2)) == "wait"
    assert len(platform.audited("TrainingDeferred")) == 1
    finished = finish_run(platform)
    for _ in range(2):
        assert decided(finished) == "start"
    assert len(platform.pipelines.started) == 2
    parameters = platform.pipelines.parameters(platform.pipelines.started[1])
    assert parameters["DatasetVersion"] == "2"
    assert handle(finish_run(platform)) == {"decisions": []}
    assert len(platform.pipelines.started) == 2


def test_a_cause_that_comes_while_the_run_is_being_ended_is_not_lost(platform):
    handle(platform.dataset(1))
    second = platform.dataset(2)
    told: list[dict[str, Any]] = []
    platform.before_next_commit(lambda: told.append(finish_run(platform)))
    assert decided(second) == "start"
    assert handle(told[0]) == {"decisions": []}
    assert len(platform.pipelines.started) == 2


def test_datasets_told_out_of_order_make_no_second_run_for_the_older(platform):
    first, second = platform.dataset(1), platform.dataset(2)
    assert decided(second) == "start"
    assert decided(first) == "join"
    finish_run(platform)
    assert len(platform.pipelines.started) == 1


def test_rows_are_counted_over_all_batches_since_the_last_training(monkeypatch):
    with moto_platform(monkeypatch, retraining={"minimum_new_rows": 2500}) as platform:
        assert decided(platform.dataset(1)) == "start"
        finish_run(platform)
        platform.clock.advance(minutes=1)
        kinds = [decided(platform.dataset(version)) for version in (2, 3, 4)]
        assert kinds == ["skip", "skip", "start"]
        reasons = [one["reason"] for one in platform.named("TrainingSkipped")]
        assert reasons[1].startswith("2,000 new rows since the last training < 2,500")
        finish_run(platform)
        platform.clock.advance(minutes=1)
        assert reason_of(platform.dataset(5)).startswith("1,000 new rows")


def test_a_skipped_cause_told_again_is_skipped_with_the_same_words(monkeypatch):
    with moto_platform(monkeypatch, retraining={"minimum_new_rows": 2500}) as platform:
        handle(platform.dataset(1))
        finish_run(platform)
        event = platform.dataset(2)
        handle(event)
        platform.dataset(3, 5000)
        assert decided(event) == "skip"
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
    assert decided(platform.dataset(2)) == "start"
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
    platform.deploy("sweep", {"Trials": "10"})
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


def test_a_plan_for_a_pipeline_that_the_model_has_not_is_refused_before_it_is_decided_on(platform):
    platform.dataset(1)
    status, answer = ask(plan={"variant": "sweep"})
    assert (status, answer["detail"]) == (
        409,
        "there is no pipeline trimtab-dev-flight-delays-sweep",
    )
    assert "without --sweep" in answer["hint"]
    assert (platform.pipelines.calls, platform.events) == (0, [])


def test_a_plan_with_a_parameter_that_the_pipeline_has_not_is_told_which_it_has(platform):
    platform.dataset(1)
    platform.deploy("train", {"RequestId": None, "Seed": "0", "Hyper-depth": "3"})
    status, answer = ask(plan={"parameters": {"Hyper-dept": "4", "Seed": "1"}})
    assert (status, answer["detail"]) == (
        400,
        "Hyper-dept: no parameter of trimtab-dev-flight-delays",
    )
    assert answer["hint"] == "it takes Hyper-depth, Seed"
    assert (platform.pipelines.calls, platform.events) == (0, [])


def test_a_plan_on_a_dataset_version_that_is_not_there_is_refused(platform):
    platform.dataset(1)
    assert ask(plan={"dataset_version": 7})[0] == 404
    assert platform.pipelines.calls == 0


def test_a_plan_that_could_never_be_served_does_not_wait_for_a_runs_end(platform):
    handle(platform.dataset(1))
    assert ask(plan={"dataset_version": 7})[0] == 404
    assert Trainings(platform.table).standing(MODEL).state.waiting == ()
    assert handle(finish_run(platform)) == {"decisions": []}


WINDOW = {"window_start": "2026-11-08T00:00:00Z", "window_end": "2026-11-09T00:00:00Z"}


def told_at(platform: MotoPlatform, name: str, reason: str, **detail: Any) -> dict[str, Any]:
    """Return an event about the model, as it is told now."""
    at = platform.clock.now().isoformat()
    said = {"schema_version": 1, "model": MODEL, "at": at, "reason": reason}
    return trimtab_event(name, {**said, **detail})


def drift(platform: MotoPlatform, incident: str = "i-1") -> dict[str, Any]:
    """Return the event that tells of drift."""
    return told_at(
        platform,
        "DriftDetected",
        "psi of temp 0.41 > 0.2",
        incident_id=incident,
        version=1,
        kind="data",
        features=["temp", "humid"],
        metric="psi",
        effect=0.41,
        limit=0.2,
        rows=2000,
        **WINDOW,
    )


def quality(platform: MotoPlatform) -> dict[str, Any]:
    """Return the event that tells of a loss of quality."""
    return told_at(
        platform,
        "QualityBreached",
        "auc 0.61 < 0.65",
        incident_id="i-2",
        version=1,
        metric="auc",
        effect=0.61,
        limit=0.65,
        labels=900,
        **WINDOW,
    )


def labels(platform: MotoPlatform, total: int) -> dict[str, Any]:
    """Return the event that tells of labels."""
    return told_at(platform, "LabelsCollected", "labels came", labels=10, total=total)


def by_the_clock(name: str, **detail: Any) -> dict[str, Any]:
    """Return what EventBridge Scheduler hands over: the schedule's input, with the time that it was due."""
    return {"detail-type": name, "detail": {"due": "2026-11-09T08:00:00Z", **detail}}


DUE = by_the_clock("ScheduleDue", model=MODEL, expression="cron(0 3 ? * MON *)")
TICK = by_the_clock("Tick")


def trained(platform: MotoPlatform) -> None:
    """Train dataset 1."""
    handle(platform.dataset(1))
    finish_run(platform)
    platform.clock.advance(minutes=1)


@pytest.mark.parametrize(
    ("event", "cause", "key"),
    [(drift, "drift", "drift-i-1"), (quality, "quality", "quality-i-2")],
)
def test_an_incident_starts_one_run_with_its_own_sentence(platform, event, cause, key):
    trained(platform)
    platform.dataset(2)
    for _ in range(2):
        assert decided(event(platform)) == "start"
    assert len(platform.pipelines.started) == 2
    requested = platform.named("TrainingRequested")[-1]
    assert requested["cause"] == cause
    sentence = event(platform)["detail"]["reason"]
    assert requested["reason"] == f"{sentence}; dataset 2 has 1,000 new rows"
    entry = platform.audited("TrainingRequested")[0]
    assert entry["after"]["decision"]["cause"]["key"] == key


def test_the_schedule_starts_a_run_once_per_hour_that_was_due(platform):
    trained(platform)
    assert decided(DUE) == "skip"
    platform.dataset(2)
    assert decided(DUE) == "skip"  # the same hour, told again
    later = by_the_clock("ScheduleDue", **{**DUE["detail"], "due": "2026-11-16T08:00:00Z"})
    assert reason_of(later) == (
        "cron(0 3 ? * MON *) was due (retraining.schedule); dataset 2 has 1,000 new rows"
    )
    assert len(platform.pipelines.started) == 2


def test_a_schedule_before_there_are_data_starts_nothing_and_fails_nothing(platform):
    assert reason_of(DUE) == "there is no dataset version to train on yet"
    [skipped] = platform.named("TrainingSkipped")
    assert (skipped["cause"], skipped["dataset_version"]) == ("schedule", None)
    [entry] = platform.audited("TrainingSkipped")
    assert entry["subject"] == "training"


def test_drift_waits_for_labels_and_starts_when_enough_of_them_were_collected(monkeypatch):
    with moto_platform(monkeypatch, retraining={"minimum_new_labels": 1500}) as platform:
        handle(labels(platform, 400))
        trained(platform)
        platform.dataset(2)
        assert decided(drift(platform)) == "wait"
        [deferred] = platform.named("TrainingDeferred")
        assert (deferred["waits_for"], deferred["value"], deferred["limit"]) == (
            "labels",
            1000,
            1500,
        )
        assert handle(labels(platform, 899)) == {"decisions": []}
        assert handle(labels(platform, 800)) == {"decisions": []}  # late
        for _ in range(2):
            assert decided(labels(platform, 900)) == "start"
        assert len(platform.pipelines.started) == 2


def test_a_dataset_that_lacks_targets_brings_fewer_labels_than_rows(platform):
    trained(platform)
    platform.dataset(2)
    record = platform.table.read(keys.model(MODEL), keys.dataset(2))
    assert record is not None
    body = record.body | {"batch": record.body["batch"] | {"labelled_rows": 7}}
    platform.table.commit(Replace(record, body))
    data = facts_of(
        platform.runtime, MODEL, TrainingState(trained=1), Retraining(), platform.clock.now()
    ).data
    assert data is not None
    assert (data.new_rows, data.new_labelled_rows) == (1000, 7)


NIGHT = {"quiet_hours": {"start": "07:00", "end": "09:30"}}


def test_what_waits_for_the_end_of_quiet_hours_is_decided_at_the_tick(monkeypatch):
    with moto_platform(monkeypatch, retraining=NIGHT) as platform:
        platform.dataset(1)
        status, answer = ask()
        assert (status, answer["decision"], answer["waits_for"]) == (202, "wait", "quiet_hours")
        assert answer["until"] == "2026-11-09T09:30:00+00:00"
        assert handle(TICK) == {"decisions": []}
        platform.clock.advance(hours=2)
        over = by_the_clock("Tick", model=MODEL, due="2026-11-09T09:30:00Z")
        for _ in range(2):
            assert decided(over) == "start"
        assert len(platform.pipelines.started) == 1


def test_a_person_who_insists_is_served_in_quiet_hours_and_the_audit_trail_says_so(monkeypatch):
    with moto_platform(monkeypatch, retraining=NIGHT) as platform:
        platform.dataset(1)
        assert ask("it is urgent", force=True)[1]["decision"] == "start"
        [entry] = platform.audited("TrainingRequested")
        assert entry["reason"].startswith("it is urgent (by force, although 08:00 lies in the")
        assert entry["after"]["decision"]["cause"]["force"] is True


def test_runs_over_the_budget_wait_until_it_is_free_again(monkeypatch):
    policy = {"budget": {"days": 1, "runs": 1, "instance_hours": 5.0}}
    with moto_platform(monkeypatch, retraining=policy) as platform:
        trained(platform)
        assert decided(platform.dataset(2)) == "wait"
        [deferred] = platform.named("TrainingDeferred")
        assert deferred["policy"] == "retraining.budget.runs"
        assert deferred["until"] == "2026-11-10T08:00:00Z"
        platform.clock.advance(days=1)
        assert decided(TICK) == "start"


def test_a_run_that_never_started_uses_nothing_of_the_budget(monkeypatch):
    with moto_platform(monkeypatch, retraining={"budget": {"runs": 1}}) as platform:
        platform.pipelines.refusal = NO_PIPELINE
        handle(platform.dataset(1))
        platform.pipelines.refusal = None
        assert decided(platform.dataset(2)) == "start"


def test_the_tick_makes_a_start_good_that_nobody_repeated(platform):
    platform.pipelines.crash_after_start = True
    with pytest.raises(ConnectionError):
        handle(platform.dataset(1))
    platform.pipelines.crash_after_start = False
    assert handle(TICK) == {"decisions": []}
    [arn] = platform.pipelines.started
    assert [one["execution_arn"] for one in platform.named("TrainingRequested")] == [arn]


def test_a_model_whose_tick_fails_keeps_no_other_from_being_weighed(platform):
    platform.put_json("models.json", {MODEL: platform.spec, "a": {**platform.spec, "name": "a"}})
    platform.dataset(1)
    broken = Create(keys.model("a"), keys.TRAINING, {"running": "nonsense"})
    platform.table.commit(broken)
    platform.pipelines.crash_after_start = True
    assert ask()[0] == 500
    platform.pipelines.crash_after_start = False
    with pytest.raises(ExceptionGroup, match="the tick failed for 1 models"):
        handle(TICK)
    assert len(platform.named("TrainingRequested")) == 1


def test_more_decisions_are_told_than_the_bus_takes_at_once(platform):
    handle(platform.dataset(1))
    platform.dataset(2)
    platform.deploy("train", {"Hyper-depth": "3"})
    for number in range(12):
        plan = {"parameters": {"Hyper-depth": str(number)}}
        assert ask(request_id=f"r-{number}", plan=plan)[1]["decision"] == "wait"
    handle(platform.dataset(3))
    finished = finish_run(platform)
    platform.events.clear()
    kinds = [one["decision"] for one in handle(finished)["decisions"]]
    assert kinds == ["start", *["wait"] * 11, "join"]
    assert len(platform.events) == 13
