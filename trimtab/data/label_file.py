"""Reads a file of labels: which predictions they are for, and what became true of each."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.data.apart import BroughtDown, call_apart
from trimtab.data.blocks import Block, Source, Unreadable
from trimtab.data.source import is_parquet, open_source
from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.cells import Cells, Mask
from trimtab.domain.columns import ColumnType
from trimtab.domain.quality.collections import EXAMPLES, Refusal
from trimtab.domain.quality.labels import Arrivals
from trimtab.domain.quality.predictions import UNKNOWN, Floats, key_of, made_at

INFERENCE_ID, ROW, LABEL = "inference_id", "row", "label"
OBSERVED_AT, PREDICTED_AT = "observed_at", "predicted_at"
TIMES = (OBSERVED_AT, PREDICTED_AT)
MICROSECONDS = 1_000_000
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """What labels are to be read as."""

    target: str  # the column may have the target's name too
    type: ColumnType  # of the target
    is_binary: bool  # 0 and 1 are all that can be
    received: int  # second at which they came: when they were so, where they do not say it


@dataclass
class LabelRows:
    """The labels of a file."""

    received: int = 0  # rows
    arrivals: Arrivals = field(default_factory=lambda: Arrivals.of([], [], [], []))
    refusals: tuple[Refusal, ...] = ()


class _Refusing:
    """Collects rows that cannot be taken, each for the first reason that is found."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._rows: dict[str, list[int]] = {}

    def refuse(self, block: Block, wrong: Mask, reason: str) -> None:
        if not (count := int(wrong.sum())):
            return
        self._counts[reason] += count
        examples = self._rows.setdefault(reason, [])
        examples += block.rows[wrong][: EXAMPLES - len(examples)].tolist()

    def told(self) -> tuple[Refusal, ...]:
        return tuple(
            Refusal(reason=reason, count=count, rows=tuple(self._rows[reason]))
            for reason, count in self._counts.most_common()
        )


def read_labels(path: Path, asked: Asked) -> LabelRows:
    """Return the labels of a CSV, Parquet or JSON lines file. Raises Unreadable."""
    if is_parquet(path):
        _survive(path, asked)
    return _read(path, asked)


def rehearse(path: str, target: str, kind: str) -> str:
    """Read a file in this process, whatever it may do to it; for `read_labels`, which calls this apart."""
    with suppress(Unreadable):
        _read(Path(path), Asked(target, ColumnType(kind), is_binary=False, received=0))
    return ""


def _survive(path: Path, asked: Asked) -> None:
    """Raise Unreadable for a file that brings its reader down."""
    try:
        call_apart(f"{__name__}:{rehearse.__name__}", str(path), asked.target, asked.type.value)
    except BroughtDown as crash:
        sentence = (
            f"the file cannot be read as Parquet: it is damaged and crashes the reader ({crash})"
        )
        raise Unreadable(Anomaly(code=AnomalyCode.unreadable, sentence=sentence)) from crash


def _read(path: Path, asked: Asked) -> LabelRows:
    types = {
        INFERENCE_ID: ColumnType.string,
        ROW: ColumnType.integer,
        LABEL: asked.type,
        asked.target: asked.type,
        **dict.fromkeys(TIMES, ColumnType.datetime),
    }
    source = open_source(path, types=types)
    refusing, parts = _Refusing(), [Arrivals.of([], [], [], [])]
    received = 0
    for block in source.blocks:
        columns = _columns(source, block, types, asked)
        received += len(block.rows)
        parts.append(_arrivals(block, columns, asked, refusing))
    together = Arrivals(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("keys", "values", "observed", "made")
        )
    )
    return LabelRows(received, together, refusing.told())


def _columns(
    source: Source, block: Block, types: dict[str, ColumnType], asked: Asked
) -> dict[str, Cells]:
    """The columns that are there, the label's under one name. Raises Unreadable where one is lacking that must be."""
    names = [name for name in types if name in source.names]
    label = next((name for name in (LABEL, asked.target) if name in names), None)
    lacking = [
        name
        for name, found in ((INFERENCE_ID, INFERENCE_ID in names), (LABEL, label is not None))
        if not found
    ]
    if lacking or label is None:
        known = ", ".join(source.names[:EXAMPLES]) or "none"
        sentence = (
            f"the file has no column {' and no column '.join(lacking)}; its columns are {known}"
        )
        raise Unreadable(Anomaly(code=AnomalyCode.missing_column, sentence=sentence))
    columns = {name: block.cells(name, types[name]) for name in names if name != asked.target}
    return {**columns, LABEL: block.cells(label, asked.type)}


def _arrivals(
    block: Block, columns: dict[str, Cells], asked: Asked, refusing: _Refusing
) -> Arrivals:
    values = columns[LABEL].as_numbers()
    wrong = np.zeros(len(block.rows), dtype=np.bool_)
    for is_wrong, reason in _reasons(columns, values, asked):
        refusing.refuse(block, is_wrong & ~wrong, reason)
        wrong |= is_wrong
    places = np.flatnonzero(~wrong)
    ids = columns[INFERENCE_ID]
    texts = [ids.levels[code] for code in _codes(ids)[places].tolist()]
    count = len(block.rows)
    rows = _whole(columns.get(ROW), count, 0, 1)[places].tolist()
    made = _whole(columns.get(PREDICTED_AT), count, UNKNOWN, MICROSECONDS)[places].tolist()
    observed = _whole(columns.get(OBSERVED_AT), count, asked.received, MICROSECONDS)[places]
    return Arrivals.of(
        [key_of(text, row) for text, row in zip(texts, rows, strict=True)],
        values[places].tolist(),
        observed.tolist(),
        [made_at(text, told, asked.received) for text, told in zip(texts, made, strict=True)],
    )


def _reasons(columns: dict[str, Cells], values: Floats, asked: Asked) -> Iterator[tuple[Mask, str]]:
    ids, label = columns[INFERENCE_ID], columns[LABEL]
    yield ids.missing, f"{INFERENCE_ID} is missing"
    yield ids.wrong, f"{INFERENCE_ID} is no text"
    yield label.missing, "the label is missing"
    yield label.wrong, f"the label is not of type {asked.type.value}"
    if asked.is_binary:
        yield ~np.isin(values, (0.0, 1.0)), "the label is neither 0 nor 1"
    if (row := columns.get(ROW)) is not None:
        yield row.wrong, f"{ROW} is no integer"
        yield _whole(row, len(row.missing), 0, 1) < 0, f"{ROW} is below 0"
    for name in TIMES:
        if (times := columns.get(name)) is not None:
            yield times.wrong, f"{name} is no time"


def _codes(cells: Cells) -> Whole:
    return np.where(cells.good, np.asarray(cells.codes, dtype=np.int64), 0)


def _whole(cells: Cells | None, count: int, default: int, unit: int) -> Whole:
    """A column of numbers in whole units, or the default where it says nothing."""
    if cells is None:
        return np.full(count, default, dtype=np.int64)
    numbers = np.where(cells.good, np.asarray(cells.numbers), default * unit)
    return np.floor_divide(numbers, unit).astype(np.int64)
