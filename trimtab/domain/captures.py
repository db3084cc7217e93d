"""What is kept of a prediction: Model Monitor's record, one JSON object a line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.domain.model import ModelSpec

LARGEST = 1_000_000  # bytes of a line; Firehose takes 1,024,000
Values = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Answered:
    """One request and its answer."""

    version: int
    inference_id: str
    at: datetime
    rows: Values  # the features of each, in the contract's order
    predictions: Sequence[Any]
    fallback_from: int | None = None  # the version that should have answered, if another one did


def capture(answered: Answered, spec: ModelSpec, event_id: str) -> list[bytes]:
    """Return the lines to keep of an answer, of personal columns nothing; no line if one row is too large for one.

    Nearly every request is one line. What is larger is halved until it fits; `firstRow` tells where a line begins.
    """
    names = [name for name in spec.features if name not in spec.contract.personal]
    places = [spec.features.index(name) for name in names]
    rows = [[row[place] for place in places] for row in answered.rows]
    lines, waiting = [], [(0, len(rows))]
    while waiting:
        start, end = waiting.pop()
        told = json.dumps({"columns": names, "data": rows[start:end]})
        line = _line(answered, spec, f"{event_id}-{start}", told, slice(start, end))
        if len(line) <= LARGEST:
            lines.append(line)
        elif end - start == 1:
            return []
        else:
            middle = (start + end) // 2
            waiting += [(middle, end), (start, middle)]
    return lines


def _line(answered: Answered, spec: ModelSpec, event_id: str, told: str, part: slice) -> bytes:
    predicted = json.dumps({"predictions": answered.predictions[part]})
    instead = {"fallbackFrom": str(answered.fallback_from)} if answered.fallback_from else {}
    record = {
        "captureData": {
            "endpointInput": _data("INPUT", told),
            "endpointOutput": _data("OUTPUT", predicted),
        },
        "eventMetadata": {
            "eventId": event_id,
            "inferenceId": answered.inference_id,
            "inferenceTime": answered.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "model": spec.name,
            "version": str(answered.version),  # partitions are named by texts
            "firstRow": part.start,
            **instead,
        },
        "eventVersion": "0",
    }
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _data(mode: str, data: str) -> dict[str, str]:
    return {
        "observedContentType": "application/json",
        "mode": mode,
        "data": data,
        "encoding": "JSON",
    }
