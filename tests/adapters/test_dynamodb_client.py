"""Our own client of DynamoDB behaves as boto3's does towards whatever a server answers."""

import base64
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.dynamodb_server import Server
from trimtab.aws.dynamodb import DynamoDB
from trimtab.aws.dynamodb.signature import Credentials
from trimtab.aws.table import Create, Put, Record, Replace, Stale, Table

KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
ITEM = {**KEY, "revision": {"N": "3"}, "packed": {"B": base64.b64encode(b"\0\1").decode()}}
FAILED = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
CANCELED = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
THROTTLED = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"})
DROPPED = (0, {})  # the connection is closed without an answer


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


@pytest.fixture
def ours(server: Server) -> DynamoDB:
    return DynamoDB(server.url, "us-east-1", Credentials("a", "b"))


@pytest.fixture
def boto(server: Server) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=server.url,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )


ANSWERS = {
    "get_item": {"Item": ITEM},
    "query": {"Items": [ITEM], "LastEvaluatedKey": KEY, "Count": 1, "ScannedCount": 1},
    "batch_get_item": {"Responses": {"t": [ITEM]}, "UnprocessedKeys": {}},
    "put_item": {},
    "update_item": {"Attributes": {**ITEM, "appended": {"L": [{"S": "x"}]}}},
    "delete_item": {},
}
REQUESTS = {
    "get_item": {"TableName": "t", "Key": KEY},
    "query": {"TableName": "t", "KeyConditionExpression": "pk = :p"},
    "batch_get_item": {"RequestItems": {"t": {"Keys": [KEY]}}},
    "put_item": {"TableName": "t", "Item": {**KEY, "packed": {"B": b"\0\1"}}},
    "update_item": {"TableName": "t", "Key": KEY, "UpdateExpression": "SET a = b"},
    "delete_item": {"TableName": "t", "Key": KEY},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_operation_asks_and_answers_what_botos_does(server, ours, boto, name):
    server.answers = [(200, ANSWERS[name])] * 2
    theirs = getattr(boto, name)(**REQUESTS[name])
    del theirs["ResponseMetadata"]
    assert getattr(ours, name)(**REQUESTS[name]) == theirs
    assert server.asked[0] == server.asked[1]


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ("put_item", {"__type": FAILED, "message": "no", "Item": ITEM}),
        ("put_item", {"__type": "com.amazon.coral.validate#ValidationException", "message": "no"}),
        (
            "transact_write_items",
            {
                "__type": CANCELED,
                "Message": "no",
                "CancellationReasons": [
                    {"Code": "None"},
                    {"Code": "ConditionalCheckFailed", "Message": "no", "Item": ITEM},
                ],
            },
        ),
    ],
)
def test_a_refusal_tells_what_botos_does(server, ours, boto, operation, told):
    server.answers = [(400, told)] * 2
    request = REQUESTS.get(operation, {"TransactItems": [{"Delete": REQUESTS["delete_item"]}]})
    with pytest.raises(boto.exceptions.ClientError) as theirs:
        getattr(boto, operation)(**request)
    with pytest.raises(ours.exceptions.ClientError) as mine:
        getattr(ours, operation)(**request)
    assert type(mine.value).__name__ == type(theirs.value).__name__
    for name in ("Error", "Item", "CancellationReasons"):
        assert mine.value.response.get(name) == theirs.value.response.get(name)


@pytest.mark.parametrize("trouble", [THROTTLED, (500, {}), (503, b"<html>"), DROPPED])
def test_what_passes_is_tried_again(server, ours, trouble):
    server.answers = [trouble, trouble, (200, {})]
    assert ours.get_item(TableName="t", Key=KEY) == {}
    assert len(server.asked) == 3


def test_a_repeated_transaction_is_known_by_its_token(server, ours):
    server.answers = [DROPPED, (200, {}), (200, {})]
    for _ in range(2):
        ours.transact_write_items(TransactItems=[])
    first, again, other = (body["ClientRequestToken"] for _, body in server.asked)
    assert first == again != other


def test_what_does_not_pass_is_told_after_five_attempts(server, ours):
    server.answers = [THROTTLED] * 6
    with pytest.raises(ours.exceptions.ClientError, match="ThrottlingException"):
        ours.get_item(TableName="t", Key=KEY)
    assert len(server.asked) == 5


def test_a_connection_that_cannot_be_made_is_an_error_of_the_network(server):
    nobody = DynamoDB("http://127.0.0.1:1", "us-east-1", Credentials("a", "b"))
    with pytest.raises(ConnectionError):
        nobody.get_item(TableName="t", Key=KEY)


def test_a_stale_write_is_told_by_the_table_with_the_record_that_is_there(server, ours):
    there = {**KEY, "revision": {"N": "4"}, "body": {"S": '{"n": 1}'}}
    server.answers = [(400, {"__type": FAILED, "message": "no", "Item": there})]
    with pytest.raises(Stale) as stale:
        Table(ours, "t").commit(Replace(Record("a", "b", 3, {}), {"n": 2}))
    assert stale.value.current == Record("a", "b", 4, {"n": 1})


def test_a_canceled_transaction_is_told_by_the_table_as_stale(server, ours):
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    server.answers = [(400, {"__type": CANCELED, "message": "no", "CancellationReasons": reasons})]
    with pytest.raises(Stale) as stale:
        Table(ours, "t").commit(Put("a", "b", {}), Create("a", "c", {}))
    assert stale.value.lost == ["c"]


@pytest.mark.parametrize(
    ("told", "host"),
    [
        ({}, "dynamodb.eu-north-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://here:1"}, "here:1"),
        ({"AWS_ENDPOINT_URL": "http://here:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://db:2"}, "db:2"),
        ({"AWS_REGION": "cn-north-1"}, "dynamodb.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_a_functions_environment_says_where_the_table_is(told, host):
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-north-1"}
    assert DynamoDB.from_environment({**keys, **told})._endpoint.netloc == host
