"""Counts what a request costs in DynamoDB: round trips, and capacity units by AWS's rules for what went over the wire.

Emulators know the rules only in part, so sizes are added up here. A read of up to 4 KB is one unit, half of one where
it need not be consistent; a write of up to 1 KB is one unit, in a transaction two, and one more for each index.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

READ, WRITE = 4096, 1024  # bytes of a capacity unit
NO_INDEX = {
    "pk",
    "sk",
    "revision",
    "body",
    "packed",
    "appended",
    "closed",
}  # attributes that no index is made of


@dataclass
class Cost:
    """What was done while it was measured."""

    round_trips: int = 0
    reads: float = 0.0
    writes: float = 0.0


class Meter:
    """Sees every call of DynamoDB of this process's boto3 session, and remembers how large which item is."""

    def __init__(self) -> None:
        self._cost = Cost()
        self._sizes: dict[tuple[str, str], int] = {}
        self._last: list[Mapping[str, Any]] = []
        emitter = boto3.DEFAULT_SESSION._session.get_component("event_emitter")
        emitter.register("provide-client-params.dynamodb.*", self._asked)
        emitter.register("after-call.dynamodb.*", self._answered)

    @contextmanager
    def measured(self) -> Iterator[Cost]:
        """Yield a cost that is complete once the block is left."""
        self._cost = Cost()
        yield self._cost
        self._cost = Cost()

    def _asked(self, params: Mapping[str, Any], **_: Any) -> None:
        self._last.append(params)

    def _answered(
        self, model: Any, parsed: Mapping[str, Any], http_response: Any, **_: Any
    ) -> None:
        params = self._last.pop()
        self._cost.round_trips += 1
        match model.name:
            case "GetItem":
                self._read([parsed.get("Item", {})], params.get("ConsistentRead", False))
            case "Query":
                size = sum(map(item_size, parsed["Items"]))
                self._units(size, params.get("ConsistentRead", False))
            case "BatchGetItem":
                for table, found in parsed["Responses"].items():
                    consistent = params["RequestItems"][table].get("ConsistentRead", False)
                    self._read(found, consistent)
            case "UpdateItem":
                self._updated(params, parsed.get("Attributes"))
            case other:
                self._wrote(other, params, done=http_response.status_code == 200)

    def _wrote(self, call: str, params: Mapping[str, Any], *, done: bool) -> None:
        match call:
            case "TransactWriteItems":
                for action in params["TransactItems"]:
                    [(kind, write)] = action.items()
                    self._write(kind, write, times=2, done=done)
            case "PutItem" | "DeleteItem":
                self._write(call.removesuffix("Item"), params, times=1, done=done)
            case other:
                raise AssertionError(f"the meter knows no price of {other}")

    def _read(self, items: list[Any], consistent: bool) -> None:
        for item in items:
            self._units(item_size(item), consistent)

    def _units(self, size: int, consistent: bool) -> None:
        self._cost.reads += max(-(-size // READ), 1) * (1.0 if consistent else 0.5)

    def _write(self, kind: str, write: Mapping[str, Any], *, times: int, done: bool) -> None:
        item = write.get("Item") or write["Key"]
        key = (str(item["pk"]), str(item["sk"]))
        size = item_size(item) if kind == "Put" else 0
        units = max(-(-max(size, self._sizes.get(key, 0)) // WRITE), 1)
        indexes = len(set(item) - NO_INDEX) if done else 0
        self._cost.writes += units * times + units * indexes
        if done and kind in ("Put", "Delete"):
            self._sizes[key] = size

    def _updated(self, params: Mapping[str, Any], now: Mapping[str, Any] | None) -> None:
        """An update costs what the whole item has, before or after, whichever is more; a refused one what it had."""
        key = (str(params["Key"]["pk"]), str(params["Key"]["sk"]))
        size = item_size(now) if now else 0
        self._cost.writes += max(-(-max(size, self._sizes.get(key, 0)) // WRITE), 1)
        if now:
            self._sizes[key] = size


def item_size(item: Mapping[str, Any]) -> int:
    """Return the bytes that DynamoDB charges for an item: names, and values in UTF-8, digits two a byte."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Any) -> int:
    [(kind, content)] = value.items() if isinstance(value, dict) else [("S", str(value))]
    if kind == "N":
        return -(-len(content.lstrip("-")) // 2) + 1
    if kind == "B":
        return len(content if isinstance(content, bytes) else base64.b64decode(content))
    if kind == "L":
        return 3 + sum(1 + _value_size(one) for one in content)
    assert kind == "S", f"the table has no {kind}"
    return len(content.encode())
