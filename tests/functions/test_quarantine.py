"""What a person's word makes of a quarantined object."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.validate_dataset.handler import lambda_handler
from tests import flights
from tests.intake_world import BUCKET, CONTEXT, SETTINGS, World, a_world
from trimtab.aws import keys
from trimtab.aws.table import Replace
from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.datasets import Report
from trimtab.domain.model import Data
from trimtab.domain.quarantine import release_refusal

EVENT = Path(__file__).parents[1] / "events/http_post_training.json"
KEY = "incoming/flights/may.csv"
TOO_FAR = flights.csv(20, row3="2013-01-03T02:00:00Z,UA,6001,2.5,true,0")
PERSON = "arn:aws:iam::111122223333:user/example-user"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with a_world(flights.spec()) as made:
        yield made


def close(
    verb: str, id: str, body: Any = None, model: str = "flights"
) -> tuple[int, dict[str, Any]]:
    """Call the API as API Gateway does; return status and parsed body."""
    event = json.loads(EVENT.read_text())
    path = f"/v1/models/{model}/quarantine/{id}/{verb}"
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["body"] = json.dumps({"reason": "a strike"} if body is None else body)
    answer = lambda_handler(event, CONTEXT)
    return answer["statusCode"], json.loads(answer["body"])


def quarantined(world: World, body: bytes = TOO_FAR, key: str = KEY) -> str:
    """Let an object be quarantined; return its receipt's id."""
    answer = world.arrive(key, body)
    assert answer["outcome"] == "quarantined"
    world.events()
    return str(answer["id"])


def test_a_released_file_makes_a_dataset_version_that_says_so(world):
    world.arrive("incoming/flights/april.csv", flights.csv(10, 100))
    receipt = quarantined(world)
    status, told = close("release", receipt)
    assert (status, told["outcome"], told["dataset_version"]) == (200, "accepted", 2)
    assert told["reason"] == (
        f"{KEY} was released from quarantine by user/example-user with ABOVE_MAXIMUM in its 20 rows: "
        "a strike; dataset version 2 holds 2 batches with 30 rows"
    )
    (event,) = world.events()
    assert event["detail-type"] == "DatasetAccepted"
    assert event["detail"]["released_by"] == PERSON
    assert event["detail"]["reason"] == told["reason"]
    entry = world.audit()[0]
    assert (entry.action, entry.actor, entry.subject) == ("DatasetReleased", PERSON, "dataset 2")
    assert entry.reason == told["reason"]
    release = world.manifest(2).batches[-1].release
    assert (release.reason, release.anomalies) == ("a strike", (AnomalyCode.above_maximum,))


def test_a_release_that_is_asked_for_twice_makes_one_version_and_is_told_again(world):
    receipt = quarantined(world)
    assert close("release", receipt) == close("release", receipt, {"reason": "again"})
    assert [event["detail-type"] for event in world.events()] == ["DatasetAccepted"] * 2
    assert world.datasets().latest("flights").version == 1


def test_the_event_of_a_released_file_that_comes_again_tells_of_its_version(world):
    arrival = world.put(KEY, TOO_FAR)
    receipt = world.deliver(arrival)["id"]
    close("release", receipt)
    world.events()
    assert world.deliver(arrival)["outcome"] == "accepted"
    assert [event["detail-type"] for event in world.events()] == ["DatasetAccepted"]


def test_a_rejected_file_stays_out_and_its_quarantine_is_closed(world):
    receipt = quarantined(world)
    status, told = close("reject", receipt)
    assert (status, told["closing"]["verdict"]) == (200, "rejected")
    assert told["reason"] == f"{KEY} was rejected by user/example-user: a strike"
    assert close("reject", receipt, {"reason": "again"}) == (200, told)
    kinds = [event["detail-type"] for event in world.events()]
    assert kinds == ["DatasetRejected"] * 2
    assert world.audit()[0].action == "DatasetRejected"
    ((listed,), _) = world.datasets().quarantined("flights")
    assert listed.closing.verdict == "rejected"
    assert world.datasets().latest("flights") is None


def test_what_was_closed_one_way_is_not_closed_the_other(world):
    one, two = quarantined(world), quarantined(world, TOO_FAR + b"\n", "incoming/flights/b.csv")
    close("release", one)
    close("reject", two)
    status, told = close("reject", one)
    assert (status, told["code"]) == (409, "CONFLICT")
    assert told["detail"] == f"{KEY} was released by {PERSON}: a strike"
    assert close("release", two)[0] == 409


def test_a_file_of_no_model_can_be_rejected_and_not_released(world):
    receipt = quarantined(world, flights.csv(), "incoming/flihgts/a.csv")
    assert close("release", receipt, model="flihgts")[0] == 404
    assert close("reject", receipt, model="flihgts")[0] == 200


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "no row of it was read"),
        (flights.csv(9, row3="2013-01-01,AA"), "its rows cannot be trained on as they are"),
        (
            flights.csv(9, row3=flights.row(2).removesuffix("0")),
            "no row can be trained on without late",
        ),
    ],
)
def test_a_file_that_nobody_could_train_on_is_not_released(world, body, sentence):
    status, told = close("release", quarantined(world, body))
    assert (status, told["code"]) == (409, "CONFLICT")
    assert sentence in told["detail"]
    assert world.datasets().latest("flights") is None


def test_a_file_that_was_deleted_is_not_released(world):
    arrival = world.put(KEY, TOO_FAR)
    receipt = world.deliver(arrival)["id"]
    world.s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=arrival.version_id)
    status, told = close("release", receipt)
    assert status == 409
    assert "was deleted" in told["detail"]


def test_only_what_is_in_quarantine_can_be_closed(world):
    accepted = world.arrive(KEY, flights.csv())["id"]
    for receipt in ("0" * 64, accepted):
        status, told = close("release", receipt)
        assert (status, told["code"]) == (404, "NOT_FOUND")


def test_a_word_without_a_reason_is_refused(world):
    assert close("release", quarantined(world), {"reason": " "})[0] == 400


def test_a_rejection_that_is_overtaken_by_a_release_says_so(world):
    receipt = quarantined(world)
    at = datetime(2013, 1, 1, tzinfo=UTC)
    table = world.runtime().table
    record = table.read(keys.model("flights"), keys.RECEIPT + receipt)
    closing = {"verdict": "released", "actor": "ann", "reason": "fine", "at": at.isoformat()}
    table.commit(Replace(record, {**record.body, "closing": closing}))
    assert close("reject", receipt)[0] == 409


def report(*anomalies: Anomaly) -> Report:
    return Report(
        model="flights",
        key=KEY,
        version_id="v",
        reason="bad",
        at=datetime(2013, 1, 1, tzinfo=UTC),
        size=1,
        sha256="0" * 64,
        format="csv",
        rows=10,
        copy_uri=None,
        anomalies=anomalies,
    )


def test_a_row_without_its_time_is_not_released_where_rows_are_split_by_time():
    missing = Anomaly(code=AnomalyCode.missing_value, column="at", sentence="s")
    assert release_refusal(report(missing), flights.spec()) is None
    spec = flights.spec().model_copy(update={"data": Data(target="late", time_column="at")})
    assert "without at" in (release_refusal(report(missing), spec) or "")


def test_a_contract_may_not_change_what_a_column_is(world):
    """A batch of the old type and one of the new are accepted; together they have no profile."""
    columns = {**flights.CONTRACT.columns, "temp": Column(type=ColumnType.string, nullable=True)}
    world.arrive("incoming/flights/a.csv", flights.csv(10))
    contract = flights.CONTRACT.model_copy(update={"columns": columns})
    world.know(flights.spec(contract=contract))
    assert world.arrive("incoming/flights/b.csv", flights.csv(10, 100))["dataset_version"] == 2
    assert world.manifest(2).profile_uri is None
