"""notify: who is to know is told once, in the form that was asked for, and knows that it was us."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from functions.notify.handler import lambda_handler
from tests.serving_platform import MODEL, STAGE, TOPIC, LambdaContext, Platform, bus_event, deployed
from trimtab import names
from trimtab.domain.notifications import LIMIT
from trimtab.errors import Fault, InvalidInput, OperatorError

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, ok").decode()


@dataclass
class Receiver:
    """A web server that is told."""

    server: ThreadingHTTPServer
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook?token=unseen"

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed() as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    stage.reset()
    return stage


@pytest.fixture
def topic(platform: Platform) -> Iterator[str]:
    """The address of a queue that gets what is published."""
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    url = sqs.create_queue(QueueName="people")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    told = sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn["QueueArn"])
    yield url
    sns.unsubscribe(SubscriptionArn=told["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            there.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(there.status)
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    there = Receiver(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
    thread = threading.Thread(target=there.server.serve_forever, daemon=True)
    thread.start()
    yield there
    there.server.shutdown()
    there.server.server_close()


def hooks(*webhooks: dict[str, Any]) -> None:
    boto3.client("ssm").put_parameter(
        Name=names.webhooks_parameter(STAGE),
        Value=json.dumps(webhooks),
        Type="SecureString",
        Overwrite=True,
    )


def rolled_back(**fields: Any) -> dict[str, Any]:
    detail = {
        "schema_version": 1,
        "model": MODEL,
        "at": "2026-03-02T08:00:00Z",
        "reason": "alarm trimtab-dev-champion-delays-failing: 2 of 3 datapoints > 0.05 & rising",
        "version": 1,
        "from_version": 2,
        "actor": "roll_back",
        "weight": 100,
        "phase": "failed",
    }
    return bus_event("trimtab", "RolloutRolledBack", {**detail, **fields})


def tell(event: dict[str, Any]) -> list[str]:
    told: list[str] = lambda_handler(event, LambdaContext())["told"]
    return told


def published(url: str) -> list[tuple[str, str]]:
    sqs, found = boto3.client("sqs"), []
    while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in got:
            told = json.loads(message["Body"])
            found.append((told["Subject"], told["Message"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_the_topic_is_told_what_happened_what_was_done_and_where_to_look(
    platform: Platform, topic: str
) -> None:
    assert tell(rolled_back()) == ["topic"]
    ((subject, message),) = published(topic)
    assert subject == "delays: traffic returned from version 2 to version 1"
    assert message == (
        "alarm trimtab-dev-champion-delays-failing: 2 of 3 datapoints > 0.05 & rising\n\n"
        "by roll_back; version 2 had 100 % of the requests\n\n"
        "More: trimtab audit list delays"
    )


def test_an_event_that_comes_again_or_is_published_again_tells_nobody_twice(
    platform: Platform, topic: str, receiver: Receiver
) -> None:
    hooks({"url": receiver.url})
    first = rolled_back()
    assert len(tell(first)) == 2
    assert tell(first) == []
    assert tell({**rolled_back(), "id": "of another publication"}) == []
    assert len(published(topic)) == len(receiver.got) == 1


def test_a_receiver_can_check_that_it_was_us(platform: Platform, receiver: Receiver) -> None:
    hooks({"url": receiver.url, "secret": SECRET})
    tell(rolled_back())
    ((headers, body),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(platform.clock.now().timestamp())
    told = json.loads(body)
    assert (told["type"], told["model"], told["id"]) == (
        "RolloutRolledBack",
        "delays",
        headers["webhook-id"],
    )


def test_slack_and_teams_get_it_in_their_forms(platform: Platform, receiver: Receiver) -> None:
    hooks(
        {"url": receiver.url, "form": "slack"},
        {"url": receiver.url + "&other", "form": "teams"},
    )
    tell(rolled_back())
    slack, teams = receiver.bodies()
    first, second, *_, last = slack["text"].splitlines()
    assert first == "*delays: traffic returned from version 2 to version 1*"
    assert second.endswith("2 of 3 datapoints &gt; 0.05 &amp; rising")
    assert last == "`trimtab audit list delays`"
    card = teams["attachments"][0]["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["text"] == "delays: traffic returned from version 2 to version 1"


def test_a_receiver_gets_only_what_it_asked_for(platform: Platform, receiver: Receiver) -> None:
    hooks(
        {"url": receiver.url, "models": ["churn"]},
        {"url": receiver.url, "events": ["DriftCleared"]},
    )
    assert tell(rolled_back()) == ["topic"]
    assert receiver.got == []


@pytest.mark.parametrize("status", [500, 302])
def test_who_could_not_be_told_is_told_by_the_repetition_and_nobody_else_is(
    platform: Platform, topic: str, receiver: Receiver, status: int
) -> None:
    hooks({"url": "http://127.0.0.1:1/nobody"}, {"url": receiver.url})
    receiver.status = status
    event = rolled_back()
    with pytest.raises(Fault, match="127.0.0.1 [0-9a-f]{8}: .*; 127.0.0.1 ") as failed:
        tell(event)
    assert f"it answered {status}" in str(failed.value)
    assert "token" not in str(failed.value)
    receiver.status = 200
    hooks({"url": receiver.url})
    assert tell(event) == [f"127.0.0.1 {hashlib.sha256(receiver.url.encode()).hexdigest()[:8]}"]
    assert len(published(topic)) == 1
    assert len(receiver.got) == 2


def test_of_a_flood_the_last_message_says_that_more_is_held_back(
    platform: Platform, topic: str
) -> None:
    told = [tell(rolled_back(from_version=number)) for number in range(2, 2 + LIMIT + 5)]
    assert told == [["topic"]] * LIMIT + [[]] * 5
    messages = published(topic)
    assert len(messages) == LIMIT
    held = [message for _, message in messages if "what follows in it is held back" in message]
    assert len(held) == 1
    assert tell(rolled_back(at="2026-03-02T09:00:00Z")) == ["topic"]


def test_what_nobody_need_know_is_told_to_nobody(platform: Platform, topic: str) -> None:
    detail = {
        "schema_version": 1,
        "model": MODEL,
        "at": "2026-03-02T08:00:00Z",
        "reason": "it passed",
        "request_id": "r1",
        "execution_arn": "arn",
        "phase": "successful",
    }
    assert tell(bus_event("trimtab", "TrainingFinished", detail)) == []
    assert published(topic) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{", "Invalid JSON"),
        ('[{"url": "http://example.com/hook"}]', "0.url: Value error, only https is taken"),
        ('[{"url": "https://example.com", "secret": "short"}]', "0.secret: "),
        ('[{"url": "https://example.com", "events": ["Drift"]}]', "Drift is not told; these are: "),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named_with_its_place_and_none_of_its_secrets(
    platform: Platform, value: str, said: str
) -> None:
    boto3.client("ssm").put_parameter(
        Name=names.webhooks_parameter(STAGE), Value=value, Type="SecureString", Overwrite=True
    )
    with pytest.raises(OperatorError) as refused:
        tell(rolled_back())
    assert said in str(refused.value)
    assert "short" not in str(refused.value)


def test_an_event_that_is_none_of_ours_is_refused(platform: Platform) -> None:
    for event in (
        bus_event("aws.s3", "Object Created", {}),
        bus_event("trimtab", "Unheard", {}),
        {},
    ):
        with pytest.raises(InvalidInput, match="notify cannot read"):
            lambda_handler(event, LambdaContext())
