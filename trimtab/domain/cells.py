"""One column of one block of rows, read as the contract's type: what the engine gives and the rules take."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.columns import ColumnType

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """The cells of one column in one block; every array but `levels` is as long as the block has rows.

    A cell is missing, or of the wrong type, or holds a value. Values stand in `numbers` (integer and number as
    float64, datetime as microseconds since 1970 in UTC) or, for string and boolean, in `levels[codes]`; at the
    places of other cells both hold anything.
    """

    type: ColumnType
    missing: Mask
    wrong: Mask  # something is there that cannot be read as the type
    text: Callable[[int], str]  # the cell of that place in the block, as it was written
    numbers: NDArray[np.float64] | NDArray[np.int64] | None = None
    levels: tuple[str, ...] = ()
    codes: NDArray[np.int64] | None = None

    @property
    def good(self) -> Mask:
        """Where there is a value."""
        return ~(self.missing | self.wrong)

    def values(self) -> NDArray[np.float64] | NDArray[np.int64]:
        """The values of a column of numbers, in row order."""
        if self.numbers is None:
            raise TypeError(f"a column of type {self.type.value} holds no numbers")
        good = self.good
        return self.numbers if good.all() else self.numbers[good]

    def as_numbers(self) -> NDArray[np.float64]:
        """The column in numbers, true and false as 1 and 0; 0 where there is no value. Texts are none."""
        if self.codes is None:
            return np.where(self.good, np.asarray(self.numbers, dtype=np.float64), 0.0)
        levels = np.array([level == "true" for level in self.levels] or [False], dtype=np.float64)
        return np.where(self.good, levels[np.where(self.good, self.codes, 0)], 0.0)

    def counts(self) -> dict[str, int]:
        """How often each level of a string or boolean column occurs."""
        return {level: n for level, n in zip(*self.level_counts(), strict=True) if n}

    def level_counts(self) -> tuple[tuple[str, ...], list[int]]:
        """The levels of a string or boolean column, and how often each occurs; some may not at all."""
        if self.codes is None:
            raise TypeError(f"a column of type {self.type.value} holds no levels")
        good = self.good
        codes = self.codes if good.all() else self.codes[good]
        return self.levels, np.bincount(codes, minlength=len(self.levels)).tolist()
