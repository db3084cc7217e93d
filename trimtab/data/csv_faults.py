"""Finds every row of a CSV file that the engine cannot read; slow, so only for a file that is refused already."""

import csv
from collections.abc import Iterator
from pathlib import Path

from trimtab.data.lines import CARRIED, bounded_lines
from trimtab.domain.anomalies import Anomaly, AnomalyCode, Tally, of_rows


def find_faults(path: Path, fields: int) -> tuple[Anomaly, ...]:
    """Name the rows with too few or too many fields, with bytes that are not UTF-8, or with broken quotes."""
    wrong_count, not_utf8, malformed = Tally(), Tally(), Tally()
    rows = 0
    for row, values in _rows(path):
        rows = row
        if isinstance(values, csv.Error):
            malformed.add(1, [(row, str(values))])
            continue
        if len(values) != fields:
            wrong_count.add(1, [(row, f"{len(values):,} fields: {','.join(values)}")])
        if not _is_utf8(line := ",".join(values)):
            not_utf8.add(1, [(row, line)])
    named = (
        (
            AnomalyCode.field_count,
            wrong_count,
            f"have fewer or more than the header's {fields:,} fields",
        ),
        (AnomalyCode.invalid_encoding, not_utf8, "are not UTF-8; save the file as UTF-8"),
        (
            AnomalyCode.malformed_row,
            malformed,
            "cannot be read: a quote is misplaced or never closed, or a value too long",
        ),
    )
    return tuple(of_rows(code, t, rows=rows, what=what) for code, t, what in named if t.count)


def _rows(path: Path) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """The file's rows from 1 on, without header and blank lines; an error ends them."""
    with path.open(encoding="utf-8-sig", errors=CARRIED, newline="") as file:
        reader = (values for values in csv.reader(bounded_lines(file), strict=True) if values)
        row = -1  # the header makes it 0
        try:
            for values in reader:
                row += 1
                if row:
                    yield row, values
        except csv.Error as error:
            yield max(row + 1, 1), error


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
