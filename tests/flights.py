"""A small model of flights and files for it, good and bad; shared by the tests of datasets."""

from pathlib import Path

from arro3.core import Array, DataType, RecordBatch
from arro3.io import write_parquet

from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import Contract
from trimtab.domain.model import Data, ModelSpec, Training
from trimtab.domain.windows import Window

HEADER = "at,carrier,distance,temp,on_time,late"
CONTRACT = Contract(
    columns={
        "at": Column(type=ColumnType.datetime),
        "carrier": Column(type=ColumnType.string, allowed=("AA", "B6", "UA")),
        "distance": Column(type=ColumnType.integer, minimum=10, maximum=6000),
        "temp": Column(type=ColumnType.number, nullable=True, minimum=-40, maximum=130),
        "on_time": Column(type=ColumnType.boolean),
        "late": Column(type=ColumnType.integer, minimum=0, maximum=1),
    },
    missing_share=0.25,
    minimum_rows=3,
)
ALL = Window()
CARRIERS = ("AA", "B6", "UA")


def spec(*, window: Window = ALL, contract: Contract = CONTRACT) -> ModelSpec:
    """The model `flights`."""
    return ModelSpec(
        name="flights",
        data=Data(target="late", window=window),
        contract=contract,
        training=Training(entry_point="train.py"),
    )


def row(number: int) -> str:
    """A row that keeps the contract; every tenth has no temperature."""
    day, hour = number % 28 + 1, number % 24
    temp = "" if number % 10 == 9 else f"{number % 90}.5"
    late = number % 2
    on_time = "false" if late else "true"
    return f"2013-01-{day:02d}T{hour:02d}:00:00Z,{CARRIERS[number % 3]},{100 + number},{temp},{on_time},{late}"


def csv(rows: int = 10, first: int = 0, **replaced: str) -> bytes:
    """A CSV file of `rows` rows; row7="x,y" replaces the seventh."""
    lines = [row(number) for number in range(first, first + rows)]
    for name, line in replaced.items():
        lines[int(name.removeprefix("row")) - 1] = line
    return ("\n".join([HEADER, *lines]) + "\n").encode()


def parquet(path: Path, **columns: Array) -> bytes:
    """A Parquet file of these columns."""
    write_parquet(RecordBatch.from_pydict(dict(columns)), path)
    return path.read_bytes()


def columns() -> dict[str, Array]:
    """Six rows that keep the contract, as Parquet's own types."""
    rows = range(6)
    return {
        "at": Array([1_357_000_000_000_000 + i for i in rows], type=DataType.int64()).cast(
            DataType.timestamp("us")
        ),
        "carrier": Array([CARRIERS[i % 3] for i in rows], type=DataType.string()),
        "distance": Array([100 + i for i in rows], type=DataType.int32()),
        "temp": Array([1.5, None, 2.5, 3.5, 4.5, 5.5], type=DataType.float32()),
        "on_time": Array([i % 2 == 0 for i in rows], type=DataType.bool()),
        "late": Array([i % 2 for i in rows], type=DataType.int64()),
    }
