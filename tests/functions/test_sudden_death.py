"""Whatever a function is doing when it dies: told again, it ends where it would have ended, and has told the same."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from functions.collect_labels.handler import lambda_handler as collect_labels
from functions.notify.handler import lambda_handler as notify
from functions.record_training.handler import lambda_handler as record_training
from functions.request_training.handler import lambda_handler as request_training
from functions.roll_back.handler import lambda_handler as roll_back
from tests import flights, intake_world, moto_platform
from tests.functions import test_collect_labels as labelled
from tests.functions import test_monitor_model as monitored
from tests.functions import test_notify as notified
from tests.functions.test_advance_rollout import STEPS
from tests.functions.test_record_training import execution_event, package_event, register
from tests.functions.test_request_training import (
    NIGHT,
    ask,
    by_the_clock,
    drift,
    finish_run,
    labels,
    quality,
)
from tests.intake_world import World, a_world
from tests.moto_platform import MotoPlatform
from tests.serving_platform import LambdaContext, Platform, deployed, endpoint_state_change
from trimtab.aws import keys

WRITES = re.compile(r"^(Put|Transact|Copy|Create|Start|Update|DeleteEndpoint)")
CHANGING = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?"  # times
    r"|\d{8}T\d{6}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f-]{36}|[0-9a-f]{32}"  # ids
)
Deliver = Callable[[], Any]


class Death(BaseException):
    """The process is gone; nothing in it can catch that."""


@dataclass
class Life:
    """Counts what a function changes outside itself, and ends it after one of these changes."""

    dies_after: int | None = None
    writes: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)  # of what was told

    def lived(self, operation: str, params: dict[str, Any]) -> None:
        """A call was answered."""
        if operation == "PutEvents":
            self.told |= {steady([one["DetailType"], one["Detail"]]) for one in params["Entries"]}
            self.reasons |= {json.loads(one["Detail"])["reason"] for one in params["Entries"]}
        if WRITES.match(operation):
            self.writes.append(operation)
            if len(self.writes) == self.dies_after:
                raise Death(operation)


def steady(said: Any) -> str:
    """Return what was said, without times and ids, which differ from life to life."""
    return CHANGING.sub("…", json.dumps(said, sort_keys=True, default=str))


def state() -> dict[str, list[str]]:
    """Return all that is kept anywhere, so that two ends can be compared."""
    dynamodb, s3, ssm = boto3.client("dynamodb"), boto3.client("s3"), boto3.client("ssm")
    sagemaker = boto3.client("sagemaker")
    found = {
        table: [steady(item) for item in dynamodb.scan(TableName=table)["Items"]]
        for table in dynamodb.list_tables()["TableNames"]
    }
    found["parameters"] = [
        steady(ssm.get_parameter(Name=one["Name"])["Parameter"]["Value"])
        for one in ssm.describe_parameters()["Parameters"]
    ]
    found["endpoints"] = [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]]
    found["approvals"] = [
        one["ModelApprovalStatus"]
        for group in sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        for one in sagemaker.list_model_packages(
            ModelPackageGroupName=group["ModelPackageGroupName"]
        )["ModelPackageSummaryList"]
    ]
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        objects = s3.list_objects_v2(Bucket=name).get("Contents", [])
        found[name] = [
            steady([key, s3.get_object(Bucket=name, Key=key)["Body"].read().decode("latin-1")])
            for key in (one["Key"] for one in objects)
        ]
    return {place: sorted(kept) for place, kept in found.items()}


def audited() -> set[str]:
    """Return the reasons of all audit entries."""
    dynamodb = boto3.client("dynamodb")
    items = [
        item
        for table in dynamodb.list_tables()["TableNames"]
        for item in dynamodb.scan(TableName=table)["Items"]
    ]
    return {
        json.loads(item["body"]["S"])["reason"]
        for item in items
        if item["sk"]["S"].startswith(keys.AUDIT)
    }


@contextmanager
def alive(monkeypatch: pytest.MonkeyPatch, life: Life) -> Iterator[None]:
    """Watch every call to AWS."""
    answer: Any = vars(BaseClient)["_make_api_call"]

    def watched(self: BaseClient, operation: str, params: dict[str, Any]) -> Any:
        told = answer(self, operation, params)
        life.lived(operation, params)
        return told

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", watched)
        yield


def intake(monkeypatch: pytest.MonkeyPatch, stage: ExitStack) -> Callable[[], World]:
    """A new deployment to which files come, whenever it is called."""
    for name, value in intake_world.SETTINGS.items():
        monkeypatch.setenv(name, value)

    def anew() -> World:
        stage.close()
        return stage.enter_context(a_world(flights.spec()))

    return anew


def arrives(body: bytes, *before: bytes) -> Callable[[World], Deliver]:
    def prepare(world: World) -> Deliver:
        for number, earlier in enumerate(before):
            world.arrive(f"incoming/flights/{number}.csv", earlier)
        arrival = world.put("incoming/flights/new.csv", body)
        return lambda: world.deliver(arrival)

    return prepare


def training(
    monkeypatch: pytest.MonkeyPatch, stage: ExitStack, **spec: Any
) -> Callable[[], MotoPlatform]:
    """A new deployment that trains, whenever it is called."""

    def anew() -> MotoPlatform:
        stage.close()
        return stage.enter_context(moto_platform.moto_platform(monkeypatch, **spec))

    return anew


def at_night(monkeypatch: pytest.MonkeyPatch, stage: ExitStack) -> Callable[[], MotoPlatform]:
    """The same, in the quiet hours of its model."""
    return training(monkeypatch, stage, retraining=NIGHT)


def for_labels(monkeypatch: pytest.MonkeyPatch, stage: ExitStack) -> Callable[[], MotoPlatform]:
    """The same, of a model that is not trained again without new labels."""
    return training(monkeypatch, stage, retraining={"minimum_new_labels": 1500})


def handled(handler: Callable[..., Any], event: dict[str, Any]) -> Deliver:
    return lambda: handler(event, moto_platform.Context())


def new_data(platform: MotoPlatform) -> Deliver:
    return handled(request_training, platform.dataset(1))


def a_wish(platform: MotoPlatform) -> Deliver:
    platform.dataset(1)
    return lambda: ask(request_id="one")


def data_during_a_run(platform: MotoPlatform) -> Deliver:
    request_training(platform.dataset(1), moto_platform.Context())
    return handled(request_training, platform.dataset(2))


def the_end_that_others_wait_for(platform: MotoPlatform) -> Deliver:
    data_during_a_run(platform)()
    return handled(request_training, finish_run(platform))


def a_refused_start(platform: MotoPlatform) -> Deliver:
    platform.pipelines.refusal = ("ResourceNotFound", "there is no such pipeline")
    return new_data(platform)


def the_end_that_many_wait_for(platform: MotoPlatform) -> Deliver:
    data_during_a_run(platform)()
    for event in (drift(platform), quality(platform)):
        request_training(event, moto_platform.Context())
    platform.deploy("sweep", {})
    ask(request_id="one", plan={"variant": "sweep"})
    return handled(request_training, finish_run(platform))


def the_end_of_the_night(platform: MotoPlatform) -> Deliver:
    new_data(platform)()
    platform.clock.advance(hours=2)
    return handled(request_training, by_the_clock("Tick", due="2026-11-09T10:00:00Z"))


def the_labels_that_drift_waits_for(platform: MotoPlatform) -> Deliver:
    new_data(platform)()
    finish_run(platform)
    platform.dataset(2)
    request_training(drift(platform), moto_platform.Context())
    return handled(request_training, labels(platform, 900))


def a_run_ended(platform: MotoPlatform) -> Deliver:
    new_data(platform)()
    arn = platform.pipelines.started[-1]
    platform.pipelines.end(arn, "Succeeded")
    return handled(record_training, execution_event(arn, "Succeeded"))


def a_new_package(platform: MotoPlatform) -> Deliver:
    arn = register(platform)
    first = handled(record_training, package_event(arn))
    then = handled(record_training, package_event(arn, "Approved"))
    return lambda: (first(), then())


def serving(_: pytest.MonkeyPatch, stage: ExitStack) -> Callable[[], Platform]:
    """A deployment that serves, with nothing in it whenever it is called."""
    platform = stage.enter_context(deployed())

    def anew() -> Platform:
        platform.reset()
        return platform

    return anew


def approved(platform: Platform) -> Deliver:
    platform.promote(1)
    platform.record_version(2)
    return lambda: platform.approve(2)


def approved_while_the_endpoint_is_made(platform: Platform) -> Deliver:
    platform.record_version(1)
    platform.endpoint_will_be(1, "Creating")
    return lambda: platform.approve(1)


def in_service(platform: Platform) -> Deliver:
    approved_while_the_endpoint_is_made(platform)()
    platform.endpoint_is(1, "InService")
    return lambda: platform.endpoint_event(1)


def endpoint_failed(platform: Platform) -> Deliver:
    approved_while_the_endpoint_is_made(platform)()
    platform.endpoint_is(1, "Failed", "no module named joblib")
    return lambda: platform.endpoint_event(1, "FAILED")


def rolled_back(platform: Platform) -> Deliver:
    platform.promote(1, 2)
    return platform.roll_back


def probation_over(platform: Platform) -> Deliver:
    platform.promote(1, 2)
    platform.clock.forward(days=7)
    return platform.retire


def rolled_back_to_what_is_gone(platform: Platform) -> Deliver:
    platform.promote(1, 2)
    platform.runtime.sagemaker.delete_endpoint(EndpointName="trimtab-dev-delays-v1")
    platform.endpoint_will_be(1, "Creating")
    return platform.roll_back


def in_service_again(platform: Platform) -> Deliver:
    rolled_back_to_what_is_gone(platform)()
    platform.endpoint_is(1, "InService")
    return partial(roll_back, endpoint_state_change(1, "IN_SERVICE"), LambdaContext())


def alarmed(platform: Platform) -> Deliver:
    platform.promote(1, 2)
    return partial(platform.alarm, platform.clock.now())


def news(_: Platform) -> Deliver:
    return partial(notify, notified.rolled_back(), LambdaContext())


def stepping(_: pytest.MonkeyPatch, stage: ExitStack) -> Callable[[], Platform]:
    """A deployment in which version 2 has the first of its weights, whenever it is called."""
    platform = stage.enter_context(deployed(STEPS))

    def anew() -> Platform:
        platform.reset()
        platform.promote(1)
        platform.clock.forward(seconds=20)
        platform.record_version(2)
        platform.approve(2)
        return platform

    return anew


def minutes(failed: int) -> Callable[[Platform], Deliver]:
    """Some minutes in which so many of the challenger's requests fail, and the next tick."""

    def prepare(platform: Platform) -> Deliver:
        for _ in range(6):
            platform.measure(1, 400, failed=1)
            platform.measure(2, 60, failed=failed)
            platform.clock.forward(minutes=1)
        return platform.tick

    return prepare


def the_last_minutes(platform: Platform) -> Deliver:
    minutes(0)(platform)()
    return minutes(0)(platform)


def too_late(platform: Platform) -> Deliver:
    platform.clock.forward(hours=2)
    return platform.tick


def word(order: str) -> Callable[[Platform], Deliver]:
    return lambda platform: partial(platform.say, order, 2)


def a_word_of_the_end(platform: Platform) -> Deliver:
    platform.say("abort", 2)
    return partial(platform.say, "retry", 2)


def rolled_back_during_steps(platform: Platform) -> Deliver:
    return platform.roll_back


def the_end_that_the_next_waits_for(platform: Platform) -> Deliver:
    platform.record_version(3)
    platform.approve(3)
    platform.events()
    platform.say("abort", 2)
    return platform.end_delivery()


def watching(_: pytest.MonkeyPatch, stage: ExitStack) -> Callable[[], Platform]:
    """A deployment that watches the traffic of version 1, with none of it counted whenever it is called."""
    platform = stage.enter_context(deployed())
    boto3.client("s3").create_bucket(Bucket=monitored.BUCKET)
    return lambda: monitored.watched(platform)


def a_day_that_drifted(platform: Platform) -> Deliver:
    for hour in (10, 15):
        monitored.arrive(monitored.MONDAY.replace(hour=hour), 300, hour, temp=90.0)
    platform.clock.at = monitored.MONDAY.replace(hour=1, minute=5) + monitored.DAY
    return monitored.tick


def labelling(_: pytest.MonkeyPatch, stage: ExitStack) -> Callable[[], Platform]:
    """A deployment whose version 1 answers, with nothing counted of it whenever it is called."""
    platform = stage.enter_context(deployed())
    boto3.client("s3").create_bucket(Bucket=monitored.BUCKET)
    return lambda: labelled.served(platform)


def labels_that_correct_others(platform: Platform) -> Deliver:
    labelled.known(platform, "a", "b", "c")
    at = platform.clock.at
    labelled.deliver(labelled.arrival("1.csv", labelled.csv("a,1", "b,0"), at))
    body = labelled.csv("a,0", "b,0", "c,1", "nobody,1", "c,what")
    return handled(collect_labels, labelled.arrival("2.csv", body, at + labelled.HOUR))


def labels_that_waited(platform: Platform) -> Deliver:
    platform.clock.at = labelled.NOON
    body = labelled.csv("a,1", "b,1", "nobody,0")
    labelled.deliver(labelled.arrival("1.csv", body, labelled.NOON))
    labelled.predict(labelled.NOON - labelled.HOUR, "a", "b")
    platform.clock.at = labelled.NOON + labelled.HOUR
    return labelled.tick


def a_day_of_bad_predictions(platform: Platform) -> Deliver:
    labelled.deliver(labelled.a_labelled_day(platform, 0, good=False))
    platform.events()
    platform.clock.at = labelled.MONDAY.replace(hour=2) + labelled.DAY + labelled.DELAY
    return labelled.tick


STORIES: dict[str, tuple[Callable[..., Any], Callable[[Any], Deliver]]] = {
    "validate_dataset: accepted": (intake, arrives(flights.csv(9, 50), flights.csv(12))),
    "validate_dataset: duplicate": (intake, arrives(flights.csv(12), flights.csv(12))),
    "validate_dataset: quarantined": (intake, arrives(b"hello")),
    "request_training: start": (training, new_data),
    "request_training: a person's wish": (training, a_wish),
    "request_training: wait": (training, data_during_a_run),
    "request_training: what waited": (training, the_end_that_others_wait_for),
    "request_training: what many waited for": (training, the_end_that_many_wait_for),
    "request_training: the end of quiet hours": (at_night, the_end_of_the_night),
    "request_training: labels": (for_labels, the_labels_that_drift_waits_for),
    "request_training: refused by SageMaker": (training, a_refused_start),
    "record_training: a run ended": (training, a_run_ended),
    "record_training: a package, then its approval": (training, a_new_package),
    "start_rollout: approved": (serving, approved),
    "start_rollout: endpoint being made": (serving, approved_while_the_endpoint_is_made),
    "start_rollout: in service": (serving, in_service),
    "start_rollout: endpoint failed": (serving, endpoint_failed),
    "start_rollout: another has ended": (stepping, the_end_that_the_next_waits_for),
    "advance_rollout: the next weight": (stepping, minutes(0)),
    "advance_rollout: all requests": (stepping, the_last_minutes),
    "advance_rollout: a breach": (stepping, minutes(20)),
    "advance_rollout: inconclusive": (stepping, too_late),
    "advance_rollout: pause": (stepping, word("pause")),
    "advance_rollout: promote": (stepping, word("promote")),
    "advance_rollout: abort": (stepping, word("abort")),
    "advance_rollout: retry": (stepping, a_word_of_the_end),
    "monitor_model: a day that drifted": (watching, a_day_that_drifted),
    "monitor_model: labels that waited": (labelling, labels_that_waited),
    "monitor_model: a day of bad predictions": (labelling, a_day_of_bad_predictions),
    "collect_labels: labels that correct others": (labelling, labels_that_correct_others),
    "notify: the topic": (serving, news),
    "roll_back: a challenger": (stepping, rolled_back_during_steps),
    "retire_endpoints": (serving, probation_over),
    "roll_back: a person": (serving, rolled_back),
    "roll_back: an alarm": (serving, alarmed),
    "roll_back: an endpoint that is gone": (serving, rolled_back_to_what_is_gone),
    "roll_back: an endpoint that was made again": (serving, in_service_again),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_function_that_died_after_any_of_its_writes_ends_where_it_would_have_ended(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    world, prepare = STORIES[name]
    with ExitStack() as stage:
        anew = world(monkeypatch, stage)

        def lived(dies_after: int | None, deliveries: int = 2) -> tuple[Life, Any]:
            life = Life(dies_after)
            deliver = prepare(anew())
            with alive(monkeypatch, life):
                for _ in range(deliveries):
                    with suppress(Death):
                        deliver()
            return life, state()

        unharmed, end = lived(None, deliveries=1)
        assert unharmed.writes
        assert unharmed.reasons <= audited(), "an event tells another reason than the audit trail"
        twice, end_of_twice = lived(None)
        assert (end_of_twice, twice.told) == (end, unharmed.told)
        for place, write in enumerate(unharmed.writes, 1):
            life, reached = lived(place)
            assert reached == end, f"died after write {place}, {write}"
            assert life.told == unharmed.told, f"died after write {place}, {write}"
