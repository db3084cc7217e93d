"""Reads Parquet: plain columns of numbers, text, booleans and times, dictionary-encoded or not."""

from collections.abc import Iterator
from pathlib import Path

from arro3.core import RecordBatchReader
from arro3.io import read_parquet

from trimtab.data.arrow import ArrowBlock, is_engine_error, numbered
from trimtab.data.blocks import Block, Source, Unreadable, insist_on_width
from trimtab.domain.anomalies import Anomaly, AnomalyCode, cut

MAGIC = b"PAR1"
BLOCK_ROWS = 65_536
TAIL = 8  # the last bytes: length of the footer in four, then the magic


def open_parquet(path: Path) -> Source:
    """Open a Parquet file. Raises Unreadable if its footer cannot be read."""
    _insist_on_footer(path)
    try:
        reader = read_parquet(path, batch_size=BLOCK_ROWS)
        names = tuple(reader.schema.names)
    except BaseException as error:
        raise _unreadable(error) from error
    insist_on_width(len(names))
    return Source("parquet", names, _blocks(reader, names))


def _blocks(reader: RecordBatchReader, names: tuple[str, ...]) -> Iterator[Block]:
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    read = 0
    try:
        for batch in reader:
            yield ArrowBlock(batch, places, numbered(batch, after=read))
            read += batch.num_rows
    except BaseException as error:
        raise _unreadable(error) from error


def _insist_on_footer(path: Path) -> None:
    """Refuse a file that was cut off, before the engine fails on it less clearly."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - TAIL))
        tail = file.read(TAIL)
    footer = int.from_bytes(tail[:4], "little")
    if size < len(MAGIC) + TAIL or tail[4:] != MAGIC or footer > size - len(MAGIC) - TAIL:
        sentence = (
            "the file begins as Parquet but does not end as Parquet: it was cut off or damaged"
        )
        raise Unreadable(Anomaly(code=AnomalyCode.unreadable, count=size, sentence=sentence))


def _unreadable(error: BaseException) -> BaseException:
    if not is_engine_error(error):
        return error
    sentence = f"the file cannot be read as Parquet: {cut(str(error))}"
    return Unreadable(Anomaly(code=AnomalyCode.unreadable, sentence=sentence))
