"""How a record is kept as an item of DynamoDB: key, revision, body, and attributes that indexes are made of."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]

LARGE = 4096  # bytes of JSON from which on a body is compressed: below, an item saves no more than a write unit or two
FAST = 1  # zlib's level: JSON shrinks five-fold at it, and no higher one pays for its time
APPENDED = "appended"
OWN = frozenset({"pk", "sk", "revision", "body", "packed", APPENDED})


@dataclass(frozen=True)
class Record:
    """One item: its key, how often it was written, what it says (JSON), and its index attributes.

    `appended` is what was added since its body was written, and is not in it; whoever replaces the body takes it in.
    """

    pk: str
    sk: str
    revision: int
    body: Body
    index: Mapping[str, str] = field(default_factory=dict)
    appended: tuple[str, ...] = ()


def key_of(pk: str, sk: str) -> dict[str, Any]:
    """The key of an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def item_of(record: Record) -> dict[str, Any]:
    """The item that keeps a record; a large body is compressed."""
    text = json.dumps(record.body, separators=(",", ":"), ensure_ascii=False)
    item: dict[str, Any] = {
        **{name: {"S": value} for name, value in record.index.items()},
        **key_of(record.pk, record.sk),
        "revision": {"N": str(record.revision)},
    }
    if len(text) < LARGE:
        item["body"] = {"S": text}
    else:
        item["packed"] = {"B": zlib.compress(text.encode(), FAST)}
    return item


def record_of(item: Any) -> Record:
    """The record that an item keeps."""
    text = zlib.decompress(item["packed"]["B"]) if "packed" in item else item["body"]["S"]
    return Record(
        item["pk"]["S"],
        item["sk"]["S"],
        int(item["revision"]["N"]),
        json.loads(text),
        {name: value["S"] for name, value in item.items() if name not in OWN},
        tuple(one["S"] for one in item.get(APPENDED, {}).get("L", ())),
    )
