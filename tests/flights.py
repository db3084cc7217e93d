"""A small model of flights and files for it, good and bad; shared by the tests of datasets."""

from trimtab.domain.model import Column, ColumnType, Contract, Data, ModelSpec, Training

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
CARRIERS = ("AA", "B6", "UA")


def spec(*, window: int | None = None, contract: Contract = CONTRACT) -> ModelSpec:
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
