"""Opens a file of rows, whatever its format, as one stream of blocks."""

from collections.abc import Mapping
from pathlib import Path

from trimtab.data.blocks import Source, Unreadable
from trimtab.data.csv_file import open_csv
from trimtab.data.json_lines import open_json_lines
from trimtab.data.parquet_file import MAGIC, open_parquet
from trimtab.data.sniff import HEAD, sniff
from trimtab.data.text import TextFile
from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.columns import ColumnType
from trimtab.domain.dialect import Dialect


def open_source(
    path: Path, *, dialect: Dialect | None = None, types: Mapping[str, ColumnType] | None = None
) -> Source:
    """Open a file; what it is its content says, not its name. Raises Unreadable if it is nothing that is read.

    `types` are the contract's columns: only these are read, where the format allows to skip others. Without them
    every column is read, whatever its type. `dialect` is what the contract says of CSV.
    """
    if is_parquet(path):
        return open_parquet(path)
    if not path.stat().st_size:
        sentence = "the file is empty: 0 bytes"
        raise Unreadable(Anomaly(code=AnomalyCode.empty_file, count=0, sentence=sentence))
    text = TextFile(path)
    head = text.head(HEAD)
    if sniff(head) == "jsonl":
        return open_json_lines(text, head, types)
    return open_csv(text, head, dialect or Dialect(), types or {}, only=types is not None)


def is_parquet(path: Path) -> bool:
    """Whether the file begins as Parquet, whose reader may bring its process down."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC
