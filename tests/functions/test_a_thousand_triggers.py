"""A thousand deliveries of causes, ends, labels, ticks: twice, late, out of order, at once, to functions that die."""

import json
import random
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from functions.request_training.handler import lambda_handler
from tests.functions.test_request_training import by_the_clock, drift, labels, quality
from tests.functions.test_sudden_death import Death, Life, alive
from tests.moto_platform import MODEL, Context, MotoPlatform, moto_platform, trimtab_event
from trimtab.aws.training import Trainings
from trimtab.domain.endings import Outcome
from trimtab.domain.explaining import OUTCOMES
from trimtab.domain.finishing import ended, entry_of, told_as

WORLDS, DELIVERIES = (
    5,
    200,
)  # moto sorts all that a table holds for each query: five small ones cost a fifth of one
POLICY = {
    "minimum_new_rows": 2000,
    "minimum_new_labels": 1500,
    "cool_down_minutes": 90,
    "quiet_hours": {"start": "22:00", "end": "05:30"},
    "budget": {"days": 2, "runs": 6},
}
ASKED = json.loads(
    """{"version": "2.0", "routeKey": "POST /v1/models/{model}/training", "rawQueryString": "",
        "rawPath": "/v1/models/flight-delays/training", "isBase64Encoded": false,
        "headers": {"content-type": "application/json"}}"""
)
PLANS: tuple[dict[str, Any], ...] = ({}, {}, {"variant": "sweep"}, {"purpose": "reproduce"})


class Night:
    """A model's days and nights: what happens, what is told of it, and to whom it may happen to die."""

    def __init__(self, platform: MotoPlatform, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        self.platform, self.monkeypatch = platform, monkeypatch
        platform.deploy("sweep", {})
        self.chance = random.Random(seed)
        self.owed: list[dict[str, Any]] = []  # not yet handled to the end
        self.told: list[dict[str, Any]] = []  # handled, and told again now and then
        self.deaths = self.delivered = self.datasets = self.labels = self.made = 0
        self.causes: set[str] = set()  # keys
        self.new_dataset()

    def live(self) -> None:
        """Let something happen, or let something be told."""
        happens = self.chance.random()
        if happens < 0.15:
            self.something_new()
        elif happens < 0.25:
            self.platform.clock.advance(minutes=self.chance.randint(1, 240))
        elif happens < 0.3:
            self.end_the_run()
        elif happens < 0.6 and self.told:
            self.deliver(self.chance.choice(self.told))
        elif self.owed:
            self.deliver(self.chance.choice(self.owed))

    def something_new(self) -> None:
        """One more cause, label or tick, of which nobody is told yet."""
        self.made += 1
        now = self.platform.clock.now().isoformat()
        match self.chance.choice(
            ["dataset", "drift", "quality", "schedule", "person", "labels", "tick"]
        ):
            case "dataset":
                self.new_dataset()
            case "drift":
                self.owe(drift(self.platform, f"d{self.made}"), f"drift-d{self.made}")
            case "quality":
                event = quality(self.platform)
                event["detail"]["incident_id"] = f"q{self.made}"
                self.owe(event, f"quality-q{self.made}")
            case "schedule":
                self.platform.clock.advance(seconds=1)
                at = self.platform.clock.now()
                due = {"model": MODEL, "expression": "rate(1 day)", "due": at.isoformat()}
                self.owe(by_the_clock("ScheduleDue", **due), f"schedule-{at:%Y%m%dT%H%M%SZ}")
            case "person":
                self.wish()
            case "labels":
                self.labels += self.chance.randint(1, 900)
                self.owe(labels(self.platform, self.labels))
            case _:
                self.owe(by_the_clock("Tick", due=now))

    def new_dataset(self) -> None:
        self.datasets += 1
        event = self.platform.dataset(self.datasets, self.chance.randint(500, 1500))
        self.owe(event, f"dataset-{self.datasets}")

    def wish(self) -> None:
        """A person asks; the same request is sent again until it is answered."""
        forced = self.chance.random() < 0.2
        body = {"reason": f"wish {self.made}", "plan": self.chance.choice(PLANS), "force": forced}
        http = {"method": "POST", "path": ASKED["rawPath"], "sourceIp": "192.0.2.1"}
        who = {"iam": {"userArn": "arn:aws:iam::111122223333:user/ann"}}
        context = {
            "http": http,
            "requestId": f"w{self.made}",
            "authorizer": who,
            "stage": "$default",
        }
        self.owe(
            {**ASKED, "requestContext": context, "body": json.dumps(body)}, f"person-w{self.made}"
        )

    def owe(self, event: dict[str, Any], key: str | None = None) -> None:
        self.owed.append(event)
        if key:
            self.causes.add(key)

    def end_the_run(self) -> None:
        """Let SageMaker finish, and record_training say so."""
        trainings = Trainings(self.platform.table)
        run = trainings.standing(MODEL).state.running
        arn = self.under_way()
        request = trainings.request(MODEL, run.request_id) if run else None
        if request is None or arn is None:
            return
        self.platform.pipelines.end(arn, "Succeeded")
        served = request.model_copy(update={"phase": "running", "execution_arn": arn})
        ending = self.chance.choice(["successful", "failed", "error"])
        wanted = ended(
            served, Outcome(ending=ending, reason="so it ended"), self.platform.clock.now()
        )
        entry = entry_of(
            MODEL, served, wanted, id=f"end-{request.request_id}", actor="record_training"
        )
        trainings.end(MODEL, wanted, entry)
        detail = told_as(MODEL, wanted).model_dump(mode="json")
        self.owe(trimtab_event("TrainingFinished", detail))

    def under_way(self) -> str | None:
        """The execution that has not ended; there is never more than one."""
        executions = self.platform.pipelines.executions
        found = [
            arn for arn, one in executions.items() if one["PipelineExecutionStatus"] == "Executing"
        ]
        assert len(found) <= 1, f"{len(found)} runs at once"
        return found[0] if found else None

    def deliver(self, event: dict[str, Any]) -> None:
        """Tell the function of it, perhaps while it is told of something else; it may die after any of its writes."""
        if self.owed and self.chance.random() < 0.1:
            rival = self.chance.choice(self.owed)
            self.platform.before_next_commit(lambda: self.handle(rival))
        dies = self.chance.choice([None, None, 1, 2, 3, 4])
        life = Life(dies)
        with alive(self.monkeypatch, life), suppress(Death):
            self.handle(event)
        self.deaths += dies is not None and len(life.writes) >= dies

    def handle(self, event: dict[str, Any]) -> None:
        """Let the function handle an event; a delivery that fails is repeated, be it the first of the event or not."""
        self.delivered += 1
        self.platform.clock.advance(seconds=1)  # the audit trail is in order of time
        if event not in self.owed:
            self.owed.append(event)
        lambda_handler(event, Context())
        if event in self.owed:
            self.owed.remove(event)
            self.told.append(event)

    def settle(self) -> None:
        """Tell all that is owed, let runs end and time pass, until nothing waits for either."""
        for _ in range(60):
            while self.owed:
                self.deliver(self.owed[0])
            self.end_the_run()
            state = Trainings(self.platform.table).standing(MODEL).state
            lasting = all(one.waits_for in ("data", "labels") for one in state.waiting)
            if state.running is None and lasting and not self.owed:
                return
            self.platform.clock.advance(hours=9)
            self.owe(by_the_clock("Tick", due=self.platform.clock.now().isoformat()))
        raise AssertionError("something waits for ever")


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_thousand_deliveries_start_what_they_should_and_every_cause_is_accounted_for(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    with moto_platform(monkeypatch, retraining=POLICY) as platform:
        night = Night(platform, monkeypatch, seed)
        while night.delivered < DELIVERIES:
            night.live()
            night.under_way()
        night.settle()
        _every_start_is_one(platform)
        _every_cause_is_accounted_for(platform, night)
        assert night.deaths > DELIVERIES / 10


def _entries(platform: MotoPlatform) -> list[dict[str, Any]]:
    """Return all entries about causes, oldest first."""
    found, token = platform.runtime.audit.entries(MODEL, limit=100)
    while token:
        page, token = platform.runtime.audit.entries(MODEL, limit=100, after=token)
        found += page
    return [one.model_dump(mode="json") for one in reversed(found) if one.action in OUTCOMES]


def _every_start_is_one(platform: MotoPlatform) -> None:
    """Decisions to start, requests, executions and what the bus was told are the same runs, each once."""
    starts = [
        one["after"]["decision"]["request_id"]
        for one in _entries(platform)
        if one["action"] == "TrainingRequested"
    ]
    executions = platform.pipelines.executions.values()
    requests = Trainings(platform.table).requests_since(
        MODEL, platform.clock.now().replace(year=2000)
    )
    assert len(starts) > 5
    assert Counter(starts) == Counter(one["PipelineExecutionDisplayName"] for one in executions)
    assert sorted(starts) == sorted(one.request_id for one in requests)
    assert set(starts) == {one["request_id"] for one in platform.named("TrainingRequested")}
    assert {one.phase for one in requests} <= {"successful", "failed", "error"}


def _every_cause_is_accounted_for(platform: MotoPlatform, night: Night) -> None:
    """Each cause came to one outcome, or waits for what only new data or labels can bring; each was told."""
    last: dict[str, str] = {}
    for entry in _entries(platform):
        key = entry["after"]["decision"]["cause"]["key"]
        assert last.get(key) in (None, "wait"), (
            f"{key} was decided on after it had come to {last[key]}"
        )
        last[key] = OUTCOMES[entry["action"]]
        assert entry["reason"] in {one["reason"] for one in platform.named(entry["action"])}
    assert last.keys() == night.causes
    waiting = Trainings(platform.table).standing(MODEL).state.waiting
    assert {one.cause.key for one in waiting} == {key for key, one in last.items() if one == "wait"}
    assert {one.waits_for for one in waiting} <= {"data", "labels"}
    assert {"start", "join", "skip"} <= set(last.values())
