"""The one table: records with a revision, changed by conditional writes that say what they believed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trimtab.errors import InvalidInput

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Body = dict[str, Any]


@dataclass(frozen=True)
class Record:
    """One item: its key, how often it was written, and what it says (JSON)."""

    pk: str
    sk: str
    revision: int
    body: Body


@dataclass(frozen=True)
class Create:
    """Write a record that must not exist yet."""

    pk: str
    sk: str
    body: Body


@dataclass(frozen=True)
class Replace:
    """Write over a record that must still be the one that was read."""

    record: Record
    body: Body


@dataclass(frozen=True)
class Confirm:
    """Change nothing, but insist that the record is still the one that was read."""

    record: Record


@dataclass(frozen=True)
class Absent:
    """Change nothing, but insist that there is no such record."""

    pk: str
    sk: str


Write = Create | Replace | Confirm | Absent


class Stale(Exception):
    """Another writer was faster: the records in `lost` (sort keys) are not what this write believed."""

    def __init__(self, lost: list[str]) -> None:
        super().__init__(", ".join(lost))
        self.lost = lost


class Table:
    """Reads and writes records of one DynamoDB table with string keys `pk` and `sk`."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def read(self, pk: str, sk: str) -> Record | None:
        """Return the record as it is now (consistent read), or None."""
        answer = self._client.get_item(
            TableName=self._name, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
        )
        return _record(answer["Item"]) if "Item" in answer else None

    def records(
        self,
        pk: str,
        prefix: str = "",
        *,
        newest_first: bool = False,
        limit: int | None = None,
        after: str | None = None,
    ) -> tuple[list[Record], str | None]:
        """Return one page of records whose sort key starts with `prefix`, in key order, and where to go on.

        `after` is the second value of an earlier call; None as second value means that there is no more.
        """
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":prefix": {"S": prefix}},
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        if not prefix:
            request["KeyConditionExpression"] = "pk = :pk"
            request["ExpressionAttributeValues"] = {":pk": {"S": pk}}
        if limit is not None:
            request["Limit"] = limit
        if after is not None:
            if not after.startswith(prefix):
                raise InvalidInput(
                    f"{after!r} is not a page token of this list", hint="start again without one"
                )
            request["ExclusiveStartKey"] = {"pk": {"S": pk}, "sk": {"S": after}}
        answer = self._client.query(**request)
        last = answer.get("LastEvaluatedKey")
        return [_record(item) for item in answer["Items"]], last["sk"]["S"] if last else None

    def commit(self, *writes: Write) -> None:
        """Do all writes or none (100 at most). Raises Stale if any record is not what its write believed."""
        try:
            self._client.transact_write_items(
                TransactItems=[self._transact_item(write) for write in writes]
            )
        except ClientError as error:
            lost = _lost(error, writes)
            if lost is None:
                raise
            raise Stale(lost) from error

    def _transact_item(self, write: Write) -> Any:
        match write:
            case Create(pk, sk, body):
                item = _item(Record(pk, sk, 1, body))
                condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
                return {"Put": {"TableName": self._name, "Item": item, **condition}}
            case Replace(record, body):
                item = _item(Record(record.pk, record.sk, record.revision + 1, body))
                return {"Put": {"TableName": self._name, "Item": item, **_is(record)}}
            case Confirm(record):
                key = {"pk": {"S": record.pk}, "sk": {"S": record.sk}}
                return {"ConditionCheck": {"TableName": self._name, "Key": key, **_is(record)}}
            case Absent(pk, sk):
                key = {"pk": {"S": pk}, "sk": {"S": sk}}
                condition = {"ConditionExpression": "attribute_not_exists(pk)"}
                return {"ConditionCheck": {"TableName": self._name, "Key": key, **condition}}


def replace_or_create(record: Record | None, pk: str, sk: str, body: Body) -> Write:
    """The write that puts `body` where `record` was read, or was found missing."""
    return Create(pk, sk, body) if record is None else Replace(record, body)


def _is(record: Record) -> dict[str, Any]:
    return {
        "ConditionExpression": "revision = :revision",
        "ExpressionAttributeValues": {":revision": {"N": str(record.revision)}},
    }


def _item(record: Record) -> dict[str, Any]:
    return {
        "pk": {"S": record.pk},
        "sk": {"S": record.sk},
        "revision": {"N": str(record.revision)},
        "body": {"S": json.dumps(record.body, separators=(",", ":"), ensure_ascii=False)},
    }


def _record(item: Any) -> Record:
    revision = int(item["revision"]["N"])
    return Record(item["pk"]["S"], item["sk"]["S"], revision, json.loads(item["body"]["S"]))


def _lost(error: ClientError, writes: Sequence[Write]) -> list[str] | None:
    """Sort keys of the writes whose belief was wrong; None if the error is of another kind."""
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        return None
    reasons: Any = error.response.get("CancellationReasons", [])
    codes = [reason.get("Code", "None") for reason in reasons]
    if not codes or any(
        code not in ("None", "ConditionalCheckFailed", "TransactionConflict") for code in codes
    ):
        return None
    return [
        write.record.sk if isinstance(write, Replace | Confirm) else write.sk
        for write, code in zip(writes, codes, strict=False)
        if code != "None"
    ]
