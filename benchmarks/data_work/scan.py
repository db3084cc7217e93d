"""The floor: the fastest engine reads the same columns, typed, and does nothing with them.

`python -m benchmarks.data_work.scan FILE TABLE`
"""

import csv
import sys
from pathlib import Path

from arro3.core import DataType, Field, Schema
from arro3.io import read_csv, read_parquet

from benchmarks.data_work.columns import TABLES

BLOCK_ROWS = 65_536


def typed(path: Path, table: str) -> Schema:
    """The types of a CSV file's columns, in its order."""
    told = TABLES[table]
    kinds = {
        **dict.fromkeys(told["numbers"], DataType.float64()),
        **dict.fromkeys(told["texts"], DataType.string()),
        **dict.fromkeys(told["times"], DataType.timestamp("us")),
        **dict.fromkeys(told["flags"], DataType.bool()),
    }
    with path.open(newline="") as file:
        header = next(csv.reader(file))
    return Schema([Field(name, kinds[name]) for name in header])


def scan(path: Path, table: str) -> int:
    """Read the file and return how many rows it has."""
    if path.suffix == ".parquet":
        batches = read_parquet(path, batch_size=BLOCK_ROWS)
    else:
        batches = read_csv(path, typed(path, table), has_header=True, batch_size=BLOCK_ROWS)
    return sum(batch.num_rows for batch in batches)


if __name__ == "__main__":
    print(scan(Path(sys.argv[1]), sys.argv[2]))
