"""Cuts a large text file where its rows end, so that its parts can be read apart, each as a file of its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trimtab.data.reading import Reading, read_through
from trimtab.data.source import is_parquet, open_source
from trimtab.data.text import MARK, TextFile
from trimtab.domain.dialect import Dialect
from trimtab.domain.examination import Question

CHUNK = 8 << 20
PART = 128 << 20  # bytes: a few seconds of one core's work


@dataclass(frozen=True)
class Part:
    """A range of a file's bytes, from the start of a row to the end of one, and how to read it."""

    start: int
    end: int
    dialect: Dialect | None  # as the whole file turned out to be written; None for JSON lines
    header: bytes = b""  # the file's first line, for a part that does not begin with it


def parts_of(path: Path, question: Question, size: int = PART) -> list[Part] | None:
    """Return the parts of a file, in order; None for a file that is read in one pass.

    Compressed text can be read from its start only, and Parquet's reader takes a file whole. Raises Unreadable if the
    first line cannot be read.
    """
    contract = question.spec.contract
    if is_parquet(path) or TextFile(path).is_gzip:
        return None
    source = open_source(path, dialect=contract.dialect, types=contract.types)
    dialect = source.dialect
    quote = b"" if dialect is None else dialect.quote.encode()
    header = b""
    if dialect is not None and dialect.header:
        with path.open("rb") as file:
            file.seek(len(MARK) if file.read(len(MARK)) == MARK else 0)
            header = _first_line(file.read(CHUNK))
    ends = list(_ends(path, quote, size))
    starts = [0, *ends[:-1]]
    return [
        Part(start, end, dialect, header if start else b"")
        for start, end in zip(starts, ends, strict=True)
    ]


def read_part(path: Path, part: Part, question: Question, scratch: Path) -> Reading:
    """Read one part of the file, with a folder to write it to. Raises Unreadable."""
    copy = scratch / f"part-{part.start}"
    with path.open("rb") as file, copy.open("wb") as out:
        out.write(part.header)
        file.seek(part.start)
        left = part.end - part.start
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= out.write(chunk)
    try:
        contract = question.spec.contract
        dialect = part.dialect or contract.dialect
        return read_through(open_source(copy, dialect=dialect, types=contract.types), question)
    finally:
        copy.unlink()


def _first_line(head: bytes) -> bytes:
    """The first line that is not blank, with its end."""
    for line in head.splitlines(keepends=True):
        if line.strip():
            return line if line.endswith((b"\n", b"\r")) else line + b"\n"
    return b""


def _ends(path: Path, quote: bytes, size: int) -> Iterator[int]:
    """Where rows end, about every `size` bytes, and where the file does: a line end within quotes ends no row."""
    mark = re.compile(b"\n" if not quote else b"[\n" + re.escape(quote) + b"]")
    place, begun, quoted = 0, 0, False
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if place + len(chunk) - begun < size:
                quoted ^= bool(quote) and chunk.count(quote) % 2 == 1
            else:
                for found in mark.finditer(chunk):
                    if found[0] != b"\n":
                        quoted = not quoted
                    elif not quoted and place + found.end() - begun >= size:
                        begun = place + found.end()
                        yield begun
            place += len(chunk)
    if place > begun or not place:
        yield place
