"""The first line of a CSV file: what its columns are called, and which dialect the file is written in."""

import csv

from trimtab.data.blocks import Unreadable
from trimtab.data.lines import bounded_lines
from trimtab.data.text import DAMAGE, TextFile, broken_gzip
from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.dialect import SEPARATORS, Dialect, Separator


def first_row(
    text: TextFile, dialect: Dialect, columns: tuple[str, ...]
) -> tuple[tuple[str, ...], Dialect]:
    """Return the names of the file's columns, and its dialect with the separator that it uses.

    The separator is the one that makes most of the contract's columns of the first line, or else most fields. In a
    file without header the values are named by the contract's order; a first line of these very names is a header.
    """
    candidates = tuple(SEPARATORS.values()) if dialect.separator is None else (dialect.separator,)
    rows = {separator: _row(text, separator, dialect.quote) for separator in candidates}
    known = set(columns)

    def fit(separator: Separator) -> tuple[int, bool, int]:
        row = rows[separator]
        return len(known & set(row)), len(row) == len(columns), len(row)

    separator = max(candidates, key=fit)
    row = rows[separator]
    has_header = dialect.header or (bool(row) and known.issuperset(row))
    found = Dialect(separator=separator, quote=dialect.quote, header=has_header)
    if has_header:
        return row, found
    return columns or tuple(f"column_{place}" for place in range(1, len(row) + 1)), found


def _row(text: TextFile, separator: Separator, quote: str) -> tuple[str, ...]:
    with text.lines() as file:
        reader = csv.reader(bounded_lines(file), delimiter=separator, quotechar=quote)
        try:
            return tuple(next((values for values in reader if values), []))
        except csv.Error as error:
            sentence = f"the header cannot be read as CSV: {error}"
            raise Unreadable(Anomaly(code=AnomalyCode.unreadable, sentence=sentence)) from error
        except DAMAGE as error:
            raise broken_gzip(error) from error
