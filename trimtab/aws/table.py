"""The one table: records with a revision, changed by conditional writes that say what they believed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trimtab.aws.items import APPENDED, Body, Record, item_of, key_of, record_of
from trimtab.errors import InvalidInput

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = [
    "Absent",
    "Body",
    "Confirm",
    "Create",
    "Delete",
    "Put",
    "Record",
    "Replace",
    "Stale",
    "Table",
    "Write",
]

MANY = 100  # records that DynamoDB reads, and writes that it does, in one call
ROUNDS = 8  # times that read_many asks again for what DynamoDB has put off


@dataclass(frozen=True)
class Create:
    """Write a record that must not exist yet; `index` holds attributes for indexes, beside the body."""

    pk: str
    sk: str
    body: Body
    index: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Replace:
    """Write over a record that must still be the one that was read; `index` None keeps what it had."""

    record: Record
    body: Body
    index: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Put:
    """Write a record whatever there is: for what is the same whoever writes it, and however often."""

    pk: str
    sk: str
    body: Body
    index: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Delete:
    """Remove a record if there is one: for entries of an index, never for what tells of a change."""

    pk: str
    sk: str


@dataclass(frozen=True)
class Confirm:
    """Change nothing, but insist that the record is still the one that was read."""

    record: Record


@dataclass(frozen=True)
class Absent:
    """Change nothing, but insist that there is no such record."""

    pk: str
    sk: str


Write = Create | Replace | Put | Delete | Confirm | Absent


class Stale(Exception):
    """Another writer was faster: the records in `lost` (sort keys) are not what this write believed.

    After a single write `current` is the record that is there instead, at no further cost; None if there is none,
    or if it was not told.
    """

    def __init__(self, lost: list[str], current: Record | None = None) -> None:
        super().__init__(", ".join(lost))
        self.lost = lost
        self.current = current


class Table:
    """Reads and writes records of one DynamoDB table with string keys `pk` and `sk`."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def read(self, pk: str, sk: str) -> Record | None:
        """Return the record as it is now (consistent read), or None."""
        answer = self._client.get_item(
            TableName=self._name, Key=key_of(pk, sk), ConsistentRead=True
        )
        return record_of(answer["Item"]) if "Item" in answer else None

    def read_many(
        self, wanted: Iterable[tuple[str, str]], *, consistent: bool = True
    ) -> dict[tuple[str, str], Record]:
        """Return the records that there are of the wanted keys, one call for each hundred."""
        found: dict[tuple[str, str], Record] = {}
        waiting = list(dict.fromkeys(wanted))
        while waiting:
            page, waiting = waiting[:MANY], waiting[MANY:]
            for item in self._batch([key_of(pk, sk) for pk, sk in page], consistent):
                record = record_of(item)
                found[record.pk, record.sk] = record
        return found

    def records(
        self,
        pk: str,
        prefix: str = "",
        *,
        newest_first: bool = False,
        limit: int | None = None,
        after: str | None = None,
        between: tuple[str, str] | None = None,
    ) -> tuple[list[Record], str | None]:
        """Return one page of a partition's records, in key order, and where to go on.

        The sort keys begin with `prefix`, or lie `between` two keys, both of them included. `after` is the second
        value of an earlier call; None as second value means that there is no more.
        """
        if after is not None and not (
            after.startswith(prefix) if between is None else between[0] <= after <= between[1]
        ):
            raise _no_token(after)
        condition, values = _sort_keys(prefix, between)
        return self._query(
            {
                "KeyConditionExpression": f"pk = :pk{condition}",
                "ExpressionAttributeValues": {":pk": {"S": pk}, **values},
                "ConsistentRead": True,
                "ScanIndexForward": not newest_first,
            },
            limit,
            None if after is None else key_of(pk, after),
        )

    def indexed(
        self,
        index: str,
        value: str,
        prefix: str = "",
        *,
        newest_first: bool = False,
        limit: int | None = None,
        after: str | None = None,
        between: tuple[str, str] | None = None,
    ) -> tuple[list[Record], str | None]:
        """Return one page of the records whose index attribute `index` is `value`, in order of their sort keys.

        `index` is the name of the index and of its partition key; its sort key is the table's. What was written a
        moment ago may not be in it yet.
        """
        start = None
        if after is not None:
            pk, found, sk = after.partition("\n")
            if not (found and sk.startswith(prefix)):
                raise _no_token(after)
            start = {**key_of(pk, sk), index: {"S": value}}
        condition, values = _sort_keys(prefix, between)
        records, last = self._query(
            {
                "IndexName": index,
                "KeyConditionExpression": f"#index = :value{condition}",
                "ExpressionAttributeNames": {"#index": index},
                "ExpressionAttributeValues": {":value": {"S": value}, **values},
                "ScanIndexForward": not newest_first,
            },
            limit,
            start,
        )
        return records, f"{records[-1].pk}\n{last}" if last and records else None

    def commit(self, *writes: Write) -> None:
        """Do all writes or none (100 at most). Raises Stale if any record is not what its write believed.

        One write alone is no transaction: it costs half, and nothing but its own record can refuse it.
        """
        if len(writes) == 1 and not isinstance(writes[0], Confirm | Absent):
            self._commit_one(writes[0])
            return
        try:
            self._client.transact_write_items(
                TransactItems=[self._transact_item(write) for write in writes]
            )
        except self._client.exceptions.TransactionCanceledException as error:
            lost = _lost(error, writes)
            if lost is None:
                raise
            raise Stale(lost) from error

    def append(self, pk: str, sk: str, text: str, *, most: int, unless: str) -> Record:
        """Add a text to a record whatever others write to it, and return the record as it is then.

        A text that waits in it already is not added again. Raises Stale if there is no such record, if it has the
        index attribute `unless`, or if `most` texts wait in it.
        """
        try:
            answer: Any = self._client.update_item(
                TableName=self._name,
                Key=key_of(pk, sk),
                UpdateExpression="SET #appended = list_append(if_not_exists(#appended, :none), :new), "
                "revision = revision + :one",
                ConditionExpression="attribute_exists(pk) AND attribute_not_exists(#unless) AND "
                "(attribute_not_exists(#appended) OR size(#appended) < :most) AND "
                "NOT contains(#appended, :text)",
                ExpressionAttributeNames={"#appended": APPENDED, "#unless": unless},
                ExpressionAttributeValues={
                    ":none": {"L": []},
                    ":new": {"L": [{"S": text}]},
                    ":text": {"S": text},
                    ":one": {"N": "1"},
                    ":most": {"N": str(most)},
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item: Any = error.response.get("Item")
            current = record_of(item) if item else None
            if current is not None and text in current.appended and unless not in current.index:
                return current
            raise Stale([sk], current) from error
        return record_of(answer["Attributes"])

    def _commit_one(self, write: Create | Replace | Put | Delete) -> None:
        if isinstance(write, Delete):
            self._client.delete_item(TableName=self._name, Key=key_of(write.pk, write.sk))
            return
        record, condition = _put_of(write)
        told: Any = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if condition else {}
        try:
            self._client.put_item(TableName=self._name, Item=item_of(record), **condition, **told)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item: Any = error.response.get("Item")
            raise Stale([record.sk], record_of(item) if item else None) from error

    def _transact_item(self, write: Write) -> Any:
        match write:
            case Confirm(record):
                key = key_of(record.pk, record.sk)
                return {"ConditionCheck": {"TableName": self._name, "Key": key, **_is(record)}}
            case Absent(pk, sk):
                key = key_of(pk, sk)
                return {"ConditionCheck": {"TableName": self._name, "Key": key, **_missing()}}
            case Delete(pk, sk):
                return {"Delete": {"TableName": self._name, "Key": key_of(pk, sk)}}
            case _:
                record, condition = _put_of(write)
                return {"Put": {"TableName": self._name, "Item": item_of(record), **condition}}

    def _query(
        self, request: dict[str, Any], limit: int | None, start: dict[str, Any] | None
    ) -> tuple[list[Record], str | None]:
        if limit is not None:
            request["Limit"] = limit
        if start is not None:
            request["ExclusiveStartKey"] = start
        answer = self._client.query(TableName=self._name, **request)
        last = answer.get("LastEvaluatedKey")
        return [record_of(item) for item in answer["Items"]], last["sk"]["S"] if last else None

    def _batch(self, keys: list[Any], consistent: bool) -> list[Any]:
        items: list[Any] = []
        for _ in range(ROUNDS):
            answer: Any = self._client.batch_get_item(
                RequestItems={self._name: {"Keys": keys, "ConsistentRead": consistent}}
            )
            items += answer["Responses"].get(self._name, [])
            keys = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if not keys:
                return items
        # A call reads 16 MB, so three read any hundred records; what is put off after eight is throttled.
        raise TimeoutError(f"DynamoDB put off {len(keys)} reads {ROUNDS} times")


def replace_or_create(record: Record | None, pk: str, sk: str, body: Body) -> Write:
    """The write that puts `body` where `record` was read, or was found missing."""
    return Create(pk, sk, body) if record is None else Replace(record, body)


def written(write: Create | Replace | Put) -> Record:
    """The record that is there once the write is done."""
    return _put_of(write)[0]


def _put_of(write: Create | Replace | Put) -> tuple[Record, dict[str, Any]]:
    match write:
        case Create(pk, sk, body, index):
            return Record(pk, sk, 1, body, index), _missing()
        case Replace(record, body, index):
            kept = record.index if index is None else index
            return Record(record.pk, record.sk, record.revision + 1, body, kept), _is(record)
        case Put(pk, sk, body, index):
            return Record(pk, sk, 1, body, index), {}


def _missing() -> dict[str, Any]:
    return {"ConditionExpression": "attribute_not_exists(pk)"}


def _is(record: Record) -> dict[str, Any]:
    return {
        "ConditionExpression": "revision = :revision",
        "ExpressionAttributeValues": {":revision": {"N": str(record.revision)}},
    }


def _sort_keys(prefix: str, between: tuple[str, str] | None) -> tuple[str, dict[str, Any]]:
    if between is not None:
        values = {":first": {"S": between[0]}, ":last": {"S": between[1]}}
        return " AND sk BETWEEN :first AND :last", values
    if prefix:
        return " AND begins_with(sk, :prefix)", {":prefix": {"S": prefix}}
    return "", {}


def _no_token(after: str) -> InvalidInput:
    return InvalidInput(
        f"{after!r} is not a page token of this list", hint="start again without one"
    )


def _lost(error: Any, writes: Sequence[Write]) -> list[str] | None:
    """Sort keys of the writes whose belief was wrong; None if the error is of another kind."""
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
