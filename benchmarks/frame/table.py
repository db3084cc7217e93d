"""Rows as a table of plain text."""

from collections.abc import Sequence

from benchmarks.frame.rows import Row

HEAD = ("WHAT", "OURS", "PEER", "THEIRS", "RATIO", "TARGET", "MET")
RIGHT = (False, True, False, True, True, True, False)
MET = {True: "yes", False: "NO", None: "-"}


def table(rows: Sequence[Row]) -> str:
    """Return the rows, aligned; a note follows its row."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, RIGHT, strict=True)
        ).rstrip()
        for line in cells
    ]
    shown = lines[:1]
    for row, line in zip(rows, lines[1:], strict=True):
        shown.append(line)
        if row.note:
            shown.append(f"    {row.note}")
    return "\n".join(shown)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        _amount(row.ours, row.unit),
        row.peer,
        _amount(row.theirs, row.unit),
        "-" if row.ratio is None else f"{row.ratio:.2f}x",
        "-" if row.target is None else f"{row.target:g}x",
        MET[row.met],
    )


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f} {unit}".rstrip()
