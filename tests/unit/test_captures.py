"""Captures: what is kept of a prediction."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.serving_platform import SPEC
from trimtab.domain.captures import LARGEST, Answered, capture

ROW = ["AA", 3, 39.5, False, None]


def answered(count: int, text: str = "AA") -> Answered:
    at = datetime(2026, 3, 2, 8, 0, 1, 999_999, tzinfo=UTC)
    rows = [[text, n, *ROW[2:]] for n in range(count)]
    return Answered(7, "order 17", at, rows, [n / 10 for n in range(count)])


def read(line: bytes) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    record = json.loads(line)
    data = record["captureData"]
    told = (json.loads(data[side]["data"]) for side in ("endpointInput", "endpointOutput"))
    return record["eventMetadata"], *told


def test_an_answer_is_one_line_in_model_monitors_form() -> None:
    (line,) = capture(answered(2), SPEC, "e1")
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "application/json",
                "mode": "INPUT",
                "data": '{"columns": ["carrier", "weekday", "temp", "diverted", "booked_at"], "data": '
                '[["AA", 0, 39.5, false, null], ["AA", 1, 39.5, false, null]]}',
                "encoding": "JSON",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": '{"predictions": [0.0, 0.1]}',
                "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "eventId": "e1-0",
            "inferenceId": "order 17",
            "inferenceTime": "2026-03-02T08:00:01Z",
            "model": "delays",
            "version": "7",
            "firstRow": 0,
        },
        "eventVersion": "0",
    }


def test_of_a_personal_column_nothing_is_kept() -> None:
    carrier = SPEC.contract.columns["carrier"].model_copy(update={"personal": True})
    contract = SPEC.contract.model_copy(
        update={"columns": {**SPEC.contract.columns, "carrier": carrier}}
    )
    (line,) = capture(answered(1, "SECRET"), SPEC.model_copy(update={"contract": contract}), "e1")
    assert b"SECRET" not in line
    assert b"carrier" not in line
    assert read(line)[1] == {
        "columns": ["weekday", "temp", "diverted", "booked_at"],
        "data": [[0, 39.5, False, None]],
    }


def test_what_is_too_large_for_one_line_is_told_in_several_with_every_row_once() -> None:
    rows = 5
    lines = capture(answered(rows, "x" * (LARGEST // 2 - 1000)), SPEC, "e1")
    assert all(len(line) <= LARGEST for line in lines)
    parts = [read(line) for line in lines]
    assert [row[1] for _, asked, _ in parts for row in asked["data"]] == list(range(rows))
    assert [one for _, _, told in parts for one in told["predictions"]] == answered(
        rows
    ).predictions
    assert [about["firstRow"] for about, _, _ in parts] == [
        asked["data"][0][1] for _, asked, _ in parts
    ]
    assert len({about["eventId"] for about, _, _ in parts}) == len(parts) > 1


def test_an_answer_with_a_row_too_large_for_a_line_is_not_kept_in_part() -> None:
    kept = answered(2)
    rows = [*kept.rows, ["x" * LARGEST, *ROW[1:]]]
    assert capture(Answered(7, "order 17", kept.at, rows, [0.1] * 3), SPEC, "e1") == []
