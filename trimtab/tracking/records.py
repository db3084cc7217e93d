"""What a run says, one JSON line each; and the request that carries a few of them.

{"kind": "start", "experiment": …, "name": …, "at": ms, "user": …}   first line of a new run
{"kind": "resume", "run_id": …}                                      first line of a run that is known already
{"kind": "param" | "tag", "key": …, "value": …}
{"kind": "metric", "key": …, "value": …, "timestamp": ms, "step": …}
{"kind": "file", "kept": name in the journal, "path": where it goes}
{"kind": "end", "status": …, "at": ms}
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]

# What one log-batch may hold, by MLflow's rules, and well under what a Lambda function takes.
MOST_ITEMS, MOST_PARAMS, MOST_TAGS, MOST_BYTES = 1000, 100, 100, 512 << 10
BATCHED = {"param": "params", "tag": "tags", "metric": "metrics"}


@dataclass(frozen=True)
class Line:
    """One record and where it ends in its journal: the position up to which everything is said once it is sent."""

    end: int
    size: int
    record: Record

    @property
    def kind(self) -> str:
        """What the record is."""
        return str(self.record["kind"])


def encoded(records: Iterable[Record]) -> bytes:
    """Return records as lines, a newline before them: the torn line of a killed writer then harms no other."""
    lines = [json.dumps(each, separators=(",", ":"), ensure_ascii=False) for each in records]
    return ("\n" + "\n".join(lines) + "\n").encode()


def decoded(data: bytes, start: int) -> list[Line]:
    """Return the records of data that was read at `start`; what is torn or not whole yet is none."""
    lines, position = [], start
    for line in data.splitlines(keepends=True):
        position += len(line)
        if line.endswith(b"\n") and (record := _record(line)) is not None:
            lines.append(Line(position, len(line), record))
    return lines


def batch(lines: Sequence[Line], most: int = MOST_ITEMS) -> list[Line]:
    """Return the first lines that one log-batch can carry without changing what they say: `most` at most.

    No param or tag comes twice in it, since of two values within one request nothing says which comes last.
    """
    taken: list[Line] = []
    named: dict[str, set[str]] = {"param": set(), "tag": set()}
    room = MOST_BYTES
    for line in lines[: min(most, MOST_ITEMS)]:
        keys = named.get(line.kind, set())
        full = len(keys) >= min(MOST_PARAMS, MOST_TAGS) or line.record.get("key") in keys
        if line.kind not in BATCHED or full or (taken and line.size > room):
            break
        keys.add(line.record["key"])
        room -= line.size
        taken.append(line)
    return taken


def batch_body(run_id: str, lines: Sequence[Line]) -> dict[str, Any]:
    """Return the body of the log-batch that carries the lines."""
    body: dict[str, Any] = {"run_id": run_id, "metrics": [], "params": [], "tags": []}
    for line in lines:
        item = {name: value for name, value in line.record.items() if name != "kind"}
        body[BATCHED[line.kind]].append(item)
    return body


def _record(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "kind" in record else None
