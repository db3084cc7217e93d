"""How many rows count as one, because rows of one customer, or of one day, are alike.

The baseline's rows come in blocks that hang together within. If rows were independent, the blocks' shares would differ
as chance says; they differ by `spread` times that. From it follow the extra variance of a window's shares, and the
number of independent rows that would vary as much: the effective rows.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.drift.baseline import BlockKind

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Dependence:
    """How the blocks of a baseline differ, in one column."""

    blocks: Counts  # a row for each block, a column for each bin
    block: BlockKind = "time"
    rows_per_entity: float = 1.0  # of the baseline

    @cached_property
    def spread(self) -> float:
        """Variance between blocks over that of independent rows, over all bins; 1 if they are independent."""
        rows = self.blocks.sum(axis=1, keepdims=True)
        shares = self.blocks.sum(axis=0) / max(1, rows.sum())
        expected = rows * shares
        there = expected > 0
        freedom = (np.count_nonzero(rows) - 1) * (np.count_nonzero(shares) - 1)
        if freedom < 1:
            return 1.0
        surplus = np.divide(
            (self.blocks - expected) ** 2, expected, out=np.zeros_like(expected), where=there
        )
        return max(1.0, float(surplus.sum()) / freedom)

    @cached_property
    def of_halves(self) -> "Dependence":
        """The dependence of being in the lower half of the bins: where rows move together, this moves most."""
        upto = np.cumsum(self.blocks.sum(axis=0))
        middle = int(np.searchsorted(upto, upto[-1] / 2)) + 1
        lower = self.blocks[:, :middle].sum(axis=1)
        halves = np.stack((lower, self.blocks.sum(axis=1) - lower), axis=1)
        return Dependence(halves, self.block, self.rows_per_entity)

    @property
    def block_rows(self) -> float:
        """Rows of a block, on average."""
        return float(self.blocks.sum()) / max(1, len(self.blocks))

    def excess(self, rows: int, *, blocks: int, rows_per_entity: float) -> float:
        """Return the variance of a window's shares beyond that of independent rows, in units of p (1 - p)."""
        if self.block == "time":
            return (self.spread - 1) / (max(1.0, self.block_rows) * blocks)
        if self.rows_per_entity <= 1 or rows < 1:
            return 0.0
        alike = min(1.0, (self.spread - 1) / (self.rows_per_entity - 1))
        return alike * (rows_per_entity - 1) / rows


def effective(rows: int, excess: float) -> float:
    """Return how many independent rows would vary as much."""
    return 1 / (1 / rows + excess) if rows else 0.0
