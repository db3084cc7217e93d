"""Reads JSON lines: one object per line, in UTF-8, gzip or not.

A key that a row has not is a missing value. Chunks of lines go through the engine, typed by the contract; a chunk
that it cannot read so, or that holds keys which the contract does not know, is read line by line.
"""

import io
import re
from collections.abc import Iterator, Mapping
from typing import IO

from arro3.core import DataType, Field, RecordBatch, Schema
from arro3.io import read_json

from trimtab.data.arrow import ArrowBlock, is_engine_error, numbered
from trimtab.data.blocks import Block, Source, Unreadable, insist_on_width
from trimtab.data.json_rows import JsonRows
from trimtab.data.text import DAMAGE, EXPANDED_LIMIT, TextFile, broken_gzip, too_many_bytes
from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.columns import ColumnType

CHUNK = 4 << 20
LINE_LIMIT = 64 << 20  # bytes; a longer line is no row
FIRST_LINES = 1_000  # whose keys are the header
KEY = re.compile(rb'"([^"\\]*)"\s*:')
NO_JSON = re.compile(
    rb'":\s*-?0[0-9]'
)  # a leading zero: the engine reads what no other reader of JSON does
NUL = re.compile(
    rb"\x00|\\u0000"
)  # of a value that the engine quotes in its complaint, and a NUL there ends the process
ENGINE_TYPES = {
    ColumnType.integer: DataType.float64(),
    ColumnType.number: DataType.float64(),
    ColumnType.boolean: DataType.bool(),
    ColumnType.string: DataType.string(),
    ColumnType.datetime: DataType.string(),
}


def open_json_lines(text: TextFile, head: bytes, types: Mapping[str, ColumnType] | None) -> Source:
    """Open a file of JSON lines that begins with `head`; `types` are the contract's, if there is one."""
    first = JsonRows()
    lines = head.splitlines(keepends=True)[:FIRST_LINES]
    if len(lines) > 1 and not lines[-1].endswith(b"\n"):
        del lines[-1]  # cut off by the head's end
    first.read(b"".join(lines))
    insist_on_width(len(first.names))
    source = Source("jsonl", tuple(first.names), iter(()))
    blocks = _Reading(text, types, source.header, source.later).blocks()
    return Source("jsonl", source.header, blocks, later=source.later)


class _Reading:
    """One pass over the file."""

    def __init__(
        self,
        text: TextFile,
        types: Mapping[str, ColumnType] | None,
        header: tuple[str, ...],
        later: list[str],
    ) -> None:
        self._text = text
        self._types = types
        self._known = set(header)
        self._later = later
        self._fields = [(name, ENGINE_TYPES[type_]) for name, type_ in (types or {}).items()]
        self._schema = Schema([Field(name, kind) for name, kind in self._fields])
        self._places = {name: place for place, (name, _) in enumerate(self._fields)}
        self._slow = JsonRows()
        self._rows = 0

    def blocks(self) -> Iterator[Block]:
        with self._text.open() as file:
            for chunk in _chunks(file):
                block = self._block(chunk)
                if len(block.rows):
                    yield block
        if faults := self._slow.faults(self._rows):
            raise Unreadable(*faults)

    def _block(self, chunk: bytes) -> Block:
        lines = sum(not line.isspace() for line in chunk.splitlines())
        batch = self._typed(chunk, lines)
        if batch is not None and self._has_known_keys_only(chunk, batch):
            block: Block = ArrowBlock(batch, self._places, numbered(batch, after=self._rows))
        else:
            block = self._slow.read(chunk, after=self._rows)
            self._learn(self._slow.names)
        self._rows += lines
        return block

    def _typed(self, chunk: bytes, lines: int) -> RecordBatch | None:
        if not self._fields or NO_JSON.search(chunk) or NUL.search(chunk):
            return None
        try:
            batches = list(read_json(io.BytesIO(chunk), self._schema, batch_size=max(1, lines)))
        except BaseException as error:
            if not is_engine_error(error):
                raise
            return None
        # Objects that share a line, or take several, are no JSON lines, but the engine reads them.
        return batches[0] if len(batches) == 1 and batches[0].num_rows == lines else None

    def _has_known_keys_only(self, chunk: bytes, batch: RecordBatch) -> bool:
        """Whether no row of the chunk has a key that is neither the contract's nor known already.

        Counting tells most chunks: each row has as many keys as the contract, and no value but null is absent.
        """
        nulls = sum(batch.column(place).null_count for place in range(batch.num_columns))
        full = batch.num_rows * len(self._fields)
        if chunk.count(b'":') == full and chunk.count(b"null") == nulls:
            self._learn(self._places)
            return True
        if b'"' in chunk.replace(b'":', b"") and b"\\" in chunk:
            return False  # a key may be written with escapes
        keys = {key.decode(errors="replace") for key in KEY.findall(chunk)}
        if not keys <= self._known | self._places.keys():
            return False
        self._learn(keys)
        return True

    def _learn(self, names: "Mapping[str, object] | set[str] | list[str]") -> None:
        new = [name for name in names if name not in self._known]
        self._known.update(new)
        self._later.extend(sorted(new))
        insist_on_width(len(self._known))


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The file's bytes, cut at line ends. Raises Unreadable where there are none for too long."""
    rest, size = b"", 0
    while data := _read(file):
        size += len(data)
        if size > EXPANDED_LIMIT:
            raise too_many_bytes()
        end = data.rfind(b"\n") + 1
        if end:
            yield rest + data[:end]
            rest = data[end:]
        else:
            rest += data
        if len(rest) > LINE_LIMIT:
            sentence = f"a line is longer than {LINE_LIMIT >> 20} MiB; write one object per line"
            code = AnomalyCode.row_too_long
            raise Unreadable(Anomaly(code=code, limit=LINE_LIMIT, sentence=sentence))
    if rest:
        yield rest


def _read(file: IO[bytes]) -> bytes:
    try:
        return file.read(CHUNK)
    except DAMAGE as error:
        raise broken_gzip(error) from error
