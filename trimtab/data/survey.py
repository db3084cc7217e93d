"""Looks through files for what a contract could say of them, in two passes: what types, then what values."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from trimtab.data.source import open_source
from trimtab.domain.cells import Cells
from trimtab.domain.columns import NUMBERS, ColumnType
from trimtab.domain.evidence import Survey

LIKELIEST = (
    ColumnType.integer,
    ColumnType.number,
    ColumnType.boolean,
    ColumnType.datetime,
    ColumnType.string,
)


def survey(files: Sequence[Path]) -> Survey:
    """Return what the files hold; each is taken for a batch, in the order given. Raises Unreadable."""
    found = Survey(types_of(files))
    for file in files:
        found.begin(file.name)
        source = open_source(file)
        for block in source.blocks:
            names = [name for name in found.types if name in source.names]
            found.add({name: block.cells(name, found.types[name]) for name in names})
        found.end()
    return found


def types_of(files: Iterable[Path], *, blocks: int | None = None) -> dict[str, ColumnType]:
    """Return the narrowest type that every value of a column has, in the order of the first header.

    Only the first `blocks` of each file are read, where that is given.
    """
    left: dict[str, list[ColumnType]] = {}
    filled: set[str] = set()
    for file in files:
        source = open_source(file)
        for block in islice(source.blocks, blocks):
            for name in source.names:
                types = left.setdefault(name, list(LIKELIEST))
                left[name] = _fitting(types, [block.cells(name, type_) for type_ in types])
                if not block.cells(name, ColumnType.string).missing.all():
                    filled.add(name)
    return {name: types[0] if name in filled else ColumnType.string for name, types in left.items()}


def _fitting(types: list[ColumnType], read: list[Cells]) -> list[ColumnType]:
    """The types that all cells of a block may be; text is always one."""
    fitting = [
        type_
        for type_, cells in zip(types, read, strict=True)
        if type_ is ColumnType.string or not cells.wrong.any()
    ]
    text = read[types.index(ColumnType.string)]
    if any(map(_is_code, text.levels)) and text.good.any():
        # 00501 is a place, not the number 501: what is written with leading zeros stays text.
        fitting = [type_ for type_ in fitting if type_ not in NUMBERS]
    return fitting


def _is_code(level: str) -> bool:
    return len(level) > 1 and level[0] == "0" and level.isdigit()
