"""Rollbacks while callers never stop and everything else does: one outcome each, told truly, and no answer lost by us.

`pytest -s tests/scenarios/test_under_chaos.py` prints the table.
"""

import itertools
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.scenarios.conftest import MODEL, Deployment
from tests.scenarios.steady_load import HEADER, Load, Row
from tests.scenarios.test_endpoint_death import servers
from trimtab.aws.routes import KNOWN_SECONDS
from trimtab.errors import TrimtabError

ALARM = Path(__file__).parents[1] / "events" / "cloudwatch_alarm_state_change.json"
ROLL_BACK = "trimtab-dev-roll-back"
PATIENCE = 60.0  # seconds until a route has moved
ASKED_AGAIN = 20  # times that a throttled question is put again
FIFTY = 50
THROTTLED = 0.3  # of DynamoDB's requests
KILLS = (0.0, 0.01, 0.02, 0.04, 0.06, 0.09)  # seconds after a request, when the function is killed

Answer = TypeVar("Answer")


class Chaos:
    """Brings versions to the traffic and takes it away from them again, under load."""

    def __init__(self, deployment: Deployment, load: Load, good: int) -> None:
        self.deployment = deployment
        self.load = load
        self.good = good
        self.rows: list[Row] = []
        self._lambda = deployment.cloud.client("lambda")
        self._sagemaker = deployment.cloud.client("sagemaker")

    @property
    def now(self) -> datetime:
        """The cloud's own time."""
        return datetime.fromisoformat(self.deployment.cloud.status()["clock"]["now"])

    @property
    def route(self) -> dict[int, int]:
        """The share of the requests that each version has."""
        told = again(lambda: self.deployment.api.get(f"/v1/models/{MODEL}"))["route"]["targets"]
        return {each["version"]: each["weight"] for each in told}

    def challenger(self) -> int:
        """Register what the good version is made of once more, by hand; return its number once it has 5 %."""
        arn = self.deployment.api.get(f"/v1/models/{MODEL}/versions/{self.good}")[
            "model_package_arn"
        ]
        package = self._sagemaker.describe_model_package(ModelPackageName=arn)
        made = self._sagemaker.create_model_package(
            ModelPackageGroupName=package["ModelPackageGroupName"],
            InferenceSpecification=package["InferenceSpecification"],
            ModelApprovalStatus="PendingManualApproval",
        )["ModelPackageArn"]
        number = int(made.rpartition("/")[2])
        self.deployment.feed.wait("VersionRegistered", model=MODEL, version=number)
        said = {"reason": "the same once more"}
        self.deployment.api.post(f"/v1/models/{MODEL}/versions/{number}/approve", said)
        self.deployment.feed.wait("RolloutStarted", model=MODEL, version=number)
        self.deployment.await_weight(number, 5)
        return number

    def promoted(self) -> int:
        """Return the number of a new champion, which has the good version before it."""
        number = self.challenger()
        said = {"reason": "it is needed now"}
        self.deployment.api.post(f"/v1/models/{MODEL}/rollouts/{number}/promote", said)
        self.deployment.feed.wait("RolloutPromoted", model=MODEL, version=number)
        time.sleep(KNOWN_SECONDS)
        return number

    def roll_back(self, reason: str = "chaos") -> dict[str, Any] | None:
        """Ask for a rollback as a person; None if the API could not answer."""
        try:
            answer: dict[str, Any] = self.deployment.api.post(
                f"/v1/models/{MODEL}/rollback", {"reason": reason}
            )
        except TrimtabError:
            return None
        return answer

    def alarm(self, at: datetime, reason: str = "") -> None:
        """Have the function told of an alarm, as EventBridge tells it; what fails is repeated by the caller."""
        event = json.loads(ALARM.read_text().replace("delays", MODEL))
        event["detail"]["state"]["timestamp"] = (
            f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"
        )
        event["detail"]["state"]["reason"] = reason or event["detail"]["state"]["reason"]
        self._lambda.invoke(FunctionName=ROLL_BACK, Payload=json.dumps(event).encode())

    def survives(self, what: str, cause: Callable[[], None]) -> Row:
        """Do something while `champion` has the traffic; return what came of it once the good version has it all."""
        (left,) = self.route.keys() - {self.good}
        before = len(again(lambda: self.deployment.audit(MODEL)))
        began = time.monotonic()
        cause()
        while self.route != {self.good: 100}:
            assert time.monotonic() < began + PATIENCE, f"{what}: the route is {self.route}"
            time.sleep(0.05)
        moved = time.monotonic()
        time.sleep(2 * KNOWN_SECONDS)
        entries = again(lambda: self.deployment.audit(MODEL))[: -before or None]
        row = self.load.row(what, began, moved, outcome(entries), left, self.good)
        self.rows.append(row)
        print(row)
        return row


def again(ask: Callable[[], Answer]) -> Answer:
    """Return what the API says to a question, asked again where DynamoDB throttles it."""
    for _ in range(ASKED_AGAIN):
        with suppress(TrimtabError):
            return ask()
    return ask()


def outcome(entries: list[dict[str, Any]]) -> str:
    """What the audit trail says that came of it, oldest first, but for training and monitoring."""
    said = [
        e["action"]
        for e in reversed(entries)
        if e["action"].startswith(("Rollout", "Rollback", "Endpoint"))
    ]
    return ", ".join(f"{action} x{said.count(action)}" for action in dict.fromkeys(said))


@pytest.fixture(scope="module")
def chaos(deployment: Deployment, champion: dict[str, Any]) -> Iterator[Chaos]:
    good = int(deployment.api.get(f"/v1/models/{MODEL}")["route"]["targets"][0]["version"])
    with Load(deployment).flowing() as load:
        print(f"\n{HEADER}")
        yield Chaos(deployment, load, good)


@contextmanager
def throttled(chaos: Chaos) -> Iterator[None]:
    chaos.deployment.cloud.throttle(THROTTLED)
    try:
        yield
    finally:
        chaos.deployment.cloud.throttle(0)


def processes(chaos: Chaos, function: str) -> list[int]:
    """The processes of this cloud that run a function."""
    marks = (
        f"AWS_LAMBDA_FUNCTION_NAME={function}\0",
        chaos.deployment.cloud.connection.endpoint_url,
    )
    found = []
    for folder in Path("/proc").iterdir():
        try:
            environ = (folder / "environ").read_bytes().decode(errors="replace")
        except (OSError, ValueError):
            continue
        if folder.name.isdigit() and all(mark in environ for mark in marks):
            found.append(int(folder.name))
    return found


def test_two_people_roll_back_at_once(chaos: Chaos):
    chaos.promoted()

    def both() -> None:
        with ThreadPoolExecutor(2) as people:
            told = list(people.map(chaos.roll_back, ("one", "two")))
        assert [each["changed"] for each in told if each].count(True) == 1

    row = chaos.survives("two rollbacks at once", both)
    assert row.outcome == "RolloutRolledBack x1"
    assert (row.of_endpoints, row.ours, row.wrong) == (0, {}, 0)


def test_an_alarm_comes_fifty_times_at_once_late_and_out_of_order(chaos: Chaos):
    before = chaos.now
    chaos.promoted()
    raised = chaos.now

    def fifty() -> None:
        with ThreadPoolExecutor(8) as bus:
            list(bus.map(chaos.alarm, [raised] * FIFTY))
        chaos.alarm(raised)
        chaos.alarm(before - timedelta(minutes=1))

    row = chaos.survives("an alarm fifty times at once, then late, then an older one", fifty)
    assert row.outcome == "RolloutRolledBack x1"
    assert (row.of_endpoints, row.ours, row.wrong) == (0, {}, 0)


def test_a_rollback_during_a_rollout_withdraws_the_challenger(chaos: Chaos):
    chaos.challenger()
    row = chaos.survives("a rollback during a rollout", lambda: chaos.roll_back() and None)
    assert row.outcome == "RolloutRolledBack x1"
    assert (row.of_endpoints, row.ours, row.wrong) == (0, {}, 0)


def test_the_function_is_killed_while_it_writes(chaos: Chaos):
    chaos.promoted()

    def killed() -> None:
        for pause in KILLS:
            with ThreadPoolExecutor(1) as person:
                asked = person.submit(chaos.roll_back)
                time.sleep(pause)
                for pid in processes(chaos, ROLL_BACK):
                    os.kill(pid, signal.SIGKILL)
                asked.result()
        told = chaos.roll_back()
        assert told is not None
        assert told["version"] == chaos.good

    row = chaos.survives("roll_back killed six times while it works", killed)
    assert row.outcome == "RolloutRolledBack x1"
    assert (row.of_endpoints, row.ours, row.wrong) == (0, {}, 0)


def test_dynamodb_throttles(chaos: Chaos):
    chaos.promoted()

    def refused() -> None:
        for _ in range(5):
            if chaos.roll_back():
                return
        raise AssertionError("no rollback came through")

    with throttled(chaos):
        row = chaos.survives("DynamoDB throttles three requests in ten", refused)
    assert row.outcome == "RolloutRolledBack x1"
    assert (row.of_endpoints, row.ours, row.wrong) == (0, {}, 0)


def test_the_champions_endpoint_is_deleted(chaos: Chaos):
    left = chaos.promoted()

    def deleted() -> None:
        sagemaker = chaos.deployment.cloud.client("sagemaker")
        sagemaker.delete_endpoint(EndpointName=f"trimtab-dev-{MODEL}-v{left}")
        time.sleep(KNOWN_SECONDS)
        chaos.alarm(chaos.now)

    row = chaos.survives("the champion's endpoint deleted, until its alarm comes", deleted)
    assert row.outcome == "RolloutRolledBack x1"
    assert (row.of_endpoints, row.ours, row.wrong) == (0, {}, 0)
    assert chaos.load.instead > 0


def test_all_model_servers_are_killed(chaos: Chaos):
    chaos.promoted()

    def killed() -> None:
        for pid in servers(chaos.deployment.cloud.connection.endpoint_url):
            os.kill(pid, signal.SIGKILL)
        while chaos.roll_back() is None:  # it asks the golden requests first
            time.sleep(0.2)

    row = chaos.survives("all model servers killed, then a rollback", killed)
    assert row.outcome == "RolloutRolledBack x1"
    assert (row.ours, row.wrong) == ({}, 0)


def test_the_targets_endpoint_is_deleted(chaos: Chaos):
    chaos.promoted()

    def deleted() -> None:
        name = f"trimtab-dev-{MODEL}-v{chaos.good}"
        chaos.deployment.cloud.client("sagemaker").delete_endpoint(EndpointName=name)
        while (told := chaos.roll_back()) is None:  # until it is gone
            time.sleep(0.2)
        assert told["waits"]

    row = chaos.survives("the target's endpoint deleted, then a rollback", deleted)
    assert row.outcome == "RollbackWaits x1, RolloutRolledBack x1"
    assert (row.of_endpoints, row.ours, row.wrong) == (0, {}, 0)


def test_there_was_a_healthy_route_at_every_look_and_the_trail_is_true(chaos: Chaos):
    assert len(chaos.rows) == 8
    assert chaos.load.routes
    for targets in chaos.load.routes:
        assert sum(each["weight"] for each in targets) == 100
    moves = [
        (entry["before"]["champion"], entry["after"]["champion"])
        for entry in reversed(chaos.deployment.audit(MODEL))
        if entry["action"] in ("RolloutPromoted", "RolloutRolledBack")
        and entry["after"].get("champion")
    ]
    for (_, reached), (left, _) in itertools.pairwise(moves):
        assert left == reached, moves
    assert moves[-1][1] == chaos.good
