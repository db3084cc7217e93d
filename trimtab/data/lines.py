"""A text file's lines, of bounded length."""

import csv
from collections.abc import Iterator
from typing import IO

LINE_LIMIT = (
    1 << 20
)  # characters; a longer line is no line of a table, and would be held in memory whole


def bounded_lines(file: IO[str]) -> Iterator[str]:
    """Give the file's lines. Raises csv.Error at one that is longer than LINE_LIMIT."""
    while line := file.readline(LINE_LIMIT):
        if len(line) == LINE_LIMIT and line[-1] not in "\r\n":
            raise csv.Error(f"a line is longer than {LINE_LIMIT:,} characters")
        yield line
