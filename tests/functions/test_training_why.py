"""Why was nothing trained last night? One question, answered with every cause, its numbers and what waits."""

from functions.request_training.handler import lambda_handler as request_training
from tests.functions.test_registry_api import BASE, call, get
from tests.functions.test_request_training import by_the_clock, drift, finish_run, handle, told_at
from tests.moto_platform import MODEL, Context, MotoPlatform, moto_platform

WHY = f"{BASE}/training/why"
POLICY = {
    "minimum_new_rows": 5000,
    "minimum_new_labels": 2000,
    "schedule": "rate(1 day)",
    "budget": {"days": 7, "runs": 4, "instance_hours": 10},
}


def a_night(platform: MotoPlatform) -> None:
    """Train on one day; on the next new data, drift and the schedule start nothing."""
    handle(platform.dataset(1))
    platform.clock.advance(hours=2)
    finish_run(platform)
    platform.clock.advance(days=2)
    handle(platform.dataset(2))
    platform.clock.advance(hours=1)
    handle(drift(platform))
    platform.clock.advance(hours=8)
    due = platform.clock.now().isoformat()
    handle(by_the_clock("ScheduleDue", model=MODEL, expression="rate(1 day)", due=due))
    platform.clock.advance(hours=1)


def test_one_question_tells_why_nothing_was_trained_last_night(monkeypatch):
    with moto_platform(monkeypatch, retraining=POLICY) as platform:
        a_night(platform)
        told = get(WHY)
        assert told["sentence"] == (
            "flight-delays was not trained between 2026-11-10 20:00Z and 2026-11-11 20:00Z: 3 causes came; "
            "the last, schedule, was no reason enough: 1,000 new rows since the last training < 5,000 "
            "(retraining.minimum_new_rows)."
        )
        assert [(one["cause"], one["outcome"]) for one in told["causes"]] == [
            ("schedule", "skip"),
            ("drift", "wait"),
            ("new_data", "skip"),
        ]
        waits = told["causes"][1]
        assert (waits["policy"], waits["value"], waits["limit"], waits["waits_for"]) == (
            "retraining.minimum_new_labels",
            1000,
            2000,
            "labels",
        )
        [waiting] = told["waiting"]
        assert (waiting["cause"]["key"], waiting["until"]) == ("drift-i-1", None)
        assert told["running"] is None
        budget = told["budget"]
        assert (budget["runs"], budget["runs_most"]) == (3, 4)
        assert budget["instance_hours_most"] == 10


def test_the_day_of_a_run_is_told_with_its_start_and_its_end(monkeypatch):
    with moto_platform(monkeypatch, retraining=POLICY) as platform:
        a_night(platform)
        told = get(WHY, to="2026-11-09T09:00:00Z")
        assert told["sentence"] == (
            "A run was started at 2026-11-09 08:00Z for new data: the first training, on all 1,000 rows of "
            "dataset 1. It had not ended by then."
        )
        [requested] = platform.named("TrainingRequested")
        assert told["causes"][0]["request_id"] == requested["request_id"]


def test_a_time_in_which_nothing_was_asked_for_says_so(platform):
    told = get(WHY, **{"from": "2026-01-01", "to": "2026-01-02"})
    assert told["sentence"] == (
        "flight-delays was not trained between 2026-01-01 00:00Z and 2026-01-02 00:00Z: nothing asked for it."
    )
    assert (told["causes"], told["ends"], told["budget"]) == ([], [], None)


def test_the_end_of_a_refused_start_is_told_with_its_reason(platform):
    platform.pipelines.refusal = ("ResourceNotFound", "there is no such pipeline")
    request_training(platform.dataset(1), Context())
    told = get(WHY)
    [end] = told["ends"]
    assert end["phase"] == "error"
    assert "It ended as error: SageMaker does not start" in told["sentence"]


def test_a_long_time_is_read_in_pages(platform):
    handle(platform.dataset(1))
    for number in range(120):
        handle(drift(platform, f"i-{number}"))
    told = get(WHY)
    assert len(told["causes"]) == 121
    assert told["sentence"].startswith("A run was started at")


def test_labels_alone_are_no_cause(platform):
    handle(told_at(platform, "LabelsCollected", "labels came", labels=10, total=10))
    assert get(WHY)["causes"] == []


def test_a_model_that_is_not_there_is_told_so(platform):
    status, _ = call("GET", "/v1/models/none/training/why")
    assert status == 404
