"""Reads the rows on which a version was evaluated, as far as its quality needs them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.data.source import open_source
from trimtab.data.tallies import DAY
from trimtab.domain.captured import PREDICTION
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.model import ModelSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredRows:
    """What was true and what was predicted of each row, and on which day."""

    truth: Floats
    predicted: Floats
    days: NDArray[np.int64]  # days since 1970; each row its own where there is no time
    columns: dict[str, NDArray[Any]] = field(
        default_factory=dict
    )  # numbers or texts; NaN or None: no value


def read_scored(
    path: Path, spec: ModelSpec, columns: Mapping[str, ColumnType] | None = None
) -> ScoredRows | None:
    """Return the rows that have a target and a prediction; None if the file has no target. Raises Unreadable.

    Args:
        path: The file.
        spec: The model's.
        columns: Whose values are wanted too; one that the file has not is left out.
    """
    target, time = spec.data.target, spec.data.time_column
    types = {**(columns or {}), target: spec.contract.types[target], PREDICTION: ColumnType.number}
    if time is not None:
        types[time] = ColumnType.datetime
    source = open_source(path, types=types)
    if target not in source.header:
        return None
    parts: list[tuple[Floats, Floats, NDArray[np.int64]]] = []
    values: dict[str, list[NDArray[Any]]] = {
        name: [] for name in columns or () if name in source.header
    }
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
        for name, each in values.items():
            each.append(_values(block.cells(name, types[name]))[good])
        parts.append((truth.as_numbers()[good], predicted.as_numbers()[good], days[good]))
    if not parts:
        return None
    truth_, predicted_, days_ = (np.concatenate(each) for each in zip(*parts, strict=True))
    return ScoredRows(
        truth_, predicted_, days_, {name: np.concatenate(each) for name, each in values.items()}
    )


def read_columns(path: Path, types: Mapping[str, ColumnType]) -> dict[str, NDArray[Any]]:
    """Return the values of these columns, as `ScoredRows` has them. Raises Unreadable."""
    source = open_source(path, types=types)
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in types if name in source.header}
    for block in source.blocks:
        for name, each in found.items():
            each.append(_values(block.cells(name, types[name])))
    return {name: np.concatenate(each) for name, each in found.items() if each}


def _values(cells: Cells) -> NDArray[Any]:
    """Numbers with NaN, or texts with None, where there is no value."""
    if cells.codes is None:
        return np.where(cells.good, np.asarray(cells.numbers, dtype=np.float64), np.nan)
    texts = np.array([*cells.levels, None], dtype=object)
    return np.asarray(texts[np.where(cells.good, cells.codes, len(cells.levels))])
