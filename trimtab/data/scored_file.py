"""Reads the rows on which a version was evaluated, as far as its quality needs them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.data.source import open_source
from trimtab.data.tallies import DAY
from trimtab.domain.captured import PREDICTION
from trimtab.domain.columns import ColumnType
from trimtab.domain.model import ModelSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredRows:
    """What was true and what was predicted of each row, and on which day."""

    truth: Floats
    predicted: Floats
    days: NDArray[np.int64]  # days since 1970; each row its own where there is no time


def read_scored(path: Path, spec: ModelSpec) -> ScoredRows | None:
    """Return the rows that have a target and a prediction; None if the file has no target. Raises Unreadable."""
    target, time = spec.data.target, spec.data.time_column
    types = {target: spec.contract.types[target], PREDICTION: ColumnType.number}
    if time is not None:
        types[time] = ColumnType.datetime
    source = open_source(path, types=types)
    if target not in source.header:
        return None
    parts: list[tuple[Floats, Floats, NDArray[np.int64]]] = []
    seen = 0
    for block in source.blocks:
        truth, predicted = (
            block.cells(target, types[target]),
            block.cells(PREDICTION, types[PREDICTION]),
        )
        good = truth.good & predicted.good
        if time is not None and time in source.header:
            days = np.asarray(block.cells(time, ColumnType.datetime).numbers, dtype=np.int64) // DAY
        else:
            days = np.arange(seen, seen + len(block.rows))
        seen += len(block.rows)
        parts.append((truth.as_numbers()[good], predicted.as_numbers()[good], days[good]))
    if not parts:
        return None
    return ScoredRows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
