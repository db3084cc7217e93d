"""A text file as bytes: decompressed where it is gzip, without byte order mark, and stopped when it is no text."""

import gzip
import io
import zlib
from pathlib import Path
from typing import IO

from trimtab.data.blocks import Unreadable
from trimtab.domain.anomalies import Anomaly, AnomalyCode

GZIP = b"\x1f\x8b"
MARK = b"\xef\xbb\xbf"
CARRIED = "surrogateescape"  # bytes that are not UTF-8 come through as lone surrogates, to be found and counted
EXPANDED_LIMIT = 16 << 30  # bytes that a gzip file may become; more is a bomb, or belongs in parts
AHEAD = 1 << 20  # bytes
DAMAGE = (gzip.BadGzipFile, EOFError, zlib.error)


class TextFile:
    """A file of text on disk, which may be compressed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self.is_gzip = file.read(len(GZIP)) == GZIP

    def open(self) -> IO[bytes]:
        """Open it for reading its text's bytes from the start."""
        file: IO[bytes] = (
            io.BufferedReader(gzip.GzipFile(self.path), 1 << 18)
            if self.is_gzip
            else self.path.open("rb", buffering=1 << 18)
        )
        try:
            if file.peek(len(MARK))[: len(MARK)] == MARK:  # type: ignore[attr-defined]
                file.read(len(MARK))
        except DAMAGE as error:
            file.close()
            raise broken_gzip(error) from error
        return file

    def lines(self) -> IO[str]:
        """Open it for reading its lines, with their own line ends."""
        return io.TextIOWrapper(self.open(), encoding="utf-8", errors=CARRIED, newline="")

    def head(self, size: int) -> bytes:
        """Return the text's first bytes."""
        with self.open() as file:
            try:
                return file.read(size)
            except DAMAGE as error:
                raise broken_gzip(error) from error


def broken_gzip(error: BaseException) -> Unreadable:
    """Say that the file cannot be decompressed."""
    sentence = (
        f"the file begins as gzip but cannot be decompressed: it was cut off or damaged ({error})"
    )
    return Unreadable(Anomaly(code=AnomalyCode.unreadable, sentence=sentence))


def too_many_bytes() -> Unreadable:
    """Say that the file becomes too large when decompressed."""
    sentence = f"the file decompresses to more than {EXPANDED_LIMIT >> 30} GiB: send it in parts"
    code = AnomalyCode.file_too_large
    return Unreadable(Anomaly(code=code, limit=EXPANDED_LIMIT, sentence=sentence))


class Meter:
    """Gives a text's bytes to an engine, counts what decides how they were read, and stops at what is no text.

    An exception of `read` reaches the engine, which may only know that reading failed; `failure` keeps the reason.
    """

    def __init__(
        self, file: IO[bytes], *, quote: bytes, limit: int, most: int = EXPANDED_LIMIT
    ) -> None:
        self._file = file
        self._quote = quote
        self._limit = limit
        self._most = most
        self._size = 0
        self.unblocked = 0  # bytes read since the last block came out
        self.quotes = 0
        self.failure: BaseException | None = None
        self._ahead = b""  # read and looked at, not given yet: engines ask for 8 KiB at a time
        self._given = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes, `size` at most. Raises Unreadable where they are no text or too many."""
        if self._given == len(self._ahead):
            self._ahead, self._given = self._read_on(), 0
        data = self._ahead[self._given : self._given + size]
        self._given += len(data)
        self.unblocked += len(data)
        return data

    def _read_on(self) -> bytes:
        try:
            return self._looked_at(self._file.read(AHEAD))
        except DAMAGE as error:
            self.failure = broken_gzip(error)
            raise self.failure from error
        except BaseException as error:
            self.failure = error
            raise

    def seek(self, *_: int) -> int:
        """Refuse; an engine that reads a stream asks whether this exists, and does not use it."""
        raise io.UnsupportedOperation("seek")

    @property
    def is_too_long(self) -> bool:
        """Whether more was read for one block than one may take."""
        return self.unblocked > self._limit

    def _looked_at(self, data: bytes) -> bytes:
        self._size += len(data)
        if b"\0" in data:
            sentence = "the file holds zero bytes, which text does not; it is no CSV or JSON lines in UTF-8"
            raise Unreadable(Anomaly(code=AnomalyCode.not_csv_or_parquet, sentence=sentence))
        if self._size > self._most:
            raise too_many_bytes()
        if self.is_too_long:
            raise ValueError(f"more than {self._limit} bytes in one block")
        if self._quote in data:  # which is told ten times as fast as how many there are
            self.quotes += data.count(self._quote)
        return data
