"""Queries of the local cloud's DynamoDB find what their key condition says, in every form that it can have."""

from typing import Any

import pytest

from local.cloud import LocalCloud

KEYS = ["", "a", "a#1", "a#2", "a#é", "a#\U0001f6e9", "a$", "b", "b#1"]
S = [{"S": key} for key in KEYS]


@pytest.fixture(scope="module")
def table(empty_cloud: LocalCloud) -> Any:
    dynamodb = empty_cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="keys",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "other")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "other",
                "KeySchema": [
                    {"AttributeName": "other", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for key in KEYS[1:]:
        for pk in ("one", "two"):
            item = {"pk": {"S": pk}, "sk": {"S": key}, "other": {"S": "o"}}
            dynamodb.put_item(TableName="keys", Item=item)
    yield lambda condition, values, **more: [
        item["sk"]["S"]
        for item in dynamodb.query(
            TableName="keys",
            KeyConditionExpression=condition,
            ExpressionAttributeValues={f":{name}": {"S": each} for name, each in values.items()},
            **more,
        )["Items"]
    ]
    dynamodb.delete_table(TableName="keys")


def in_order(keep: Any) -> list[str]:
    return sorted((key for key in KEYS[1:] if keep(key)), key=str.encode)


@pytest.mark.parametrize(
    ("condition", "values", "keep"),
    [
        ("pk = :p", {}, lambda key: True),
        ("pk = :p AND begins_with(sk, :a)", {"a": "a#"}, lambda key: key.startswith("a#")),
        ("pk = :p AND begins_with(sk, :a)", {"a": "c"}, lambda key: False),
        ("pk = :p AND sk BETWEEN :a AND :b", {"a": "a#2", "b": "a$"}, lambda k: "a#2" <= k <= "a$"),
        ("pk = :p AND sk BETWEEN :a AND :b", {"a": "a", "b": "a"}, lambda key: key == "a"),
        ("pk = :p AND sk > :a", {"a": "a$"}, lambda key: key > "a$"),
        ("pk = :p AND sk = :a", {"a": "a#é"}, lambda key: key == "a#é"),
        ("begins_with(sk, :a) AND pk = :p", {"a": "b"}, lambda key: key.startswith("b")),
    ],
)
def test_a_query_finds_what_its_key_condition_says(table: Any, condition, values, keep):
    assert table(condition, {"p": "one", **values}) == in_order(keep)
    newest = table(condition, {"p": "one", **values}, ScanIndexForward=False)
    assert newest == in_order(keep)[::-1]


def test_names_of_attributes_may_be_placeholders(table: Any):
    found = table(
        "#p = :p AND begins_with(#s, :a)",
        {"p": "two", "a": "b"},
        ExpressionAttributeNames={"#p": "pk", "#s": "sk"},
    )
    assert found == ["b", "b#1"]


def test_an_index_is_queried_alike(table: Any):
    found = table("other = :o AND begins_with(sk, :a)", {"o": "o", "a": "b#"}, IndexName="other")
    assert found == ["b#1", "b#1"]


def test_bounds_in_the_wrong_order_are_refused(table: Any):
    with pytest.raises(Exception, match="upper bound"):
        table("pk = :p AND sk BETWEEN :a AND :b", {"p": "one", "a": "b", "b": "a"})
