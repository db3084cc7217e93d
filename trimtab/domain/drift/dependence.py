"""How many rows count as one, because rows of one customer, or of one day, are alike.

The baseline's rows come in blocks that hang together within. If rows were independent, the blocks' shares would differ
as chance says; they differ by `spread` times that. From it follow the extra variance of a window's shares, and the
number of independent rows that would vary as much: the effective rows.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.drift.baseline import BlockKind

Counts = NDArray[np.int64]
FAINT = (
    0.05  # more of the variance than this must be the blocks', or nothing is said of their order
)
MOST = 0.9  # memory; with more, a baseline would be one long block


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

    @cached_property
    def memory(self) -> float:
        """How much of a block's deviation is left in the next; 0 where blocks do not follow each other."""
        if self.block != "time" or self.spread <= 1 + FAINT:
            return 0.0
        away = self._deviations
        left = float(np.sum(away[1:] * away[:-1])) / float(np.sum(away * away))
        return min(MOST, max(0.0, left * self.spread / (self.spread - 1)))

    @property
    def has_memory(self) -> bool:
        """Whether that is more than chance would give in two of three baselines."""
        return bool(self.memory > 1 / math.sqrt(len(self.blocks)))

    @property
    def excess_of_all(self) -> float:
        """The excess of the baseline's own shares: blocks that remember are worth fewer."""
        worth = (1 - self.memory) / (1 + self.memory)
        return (self.spread - 1) / (max(1.0, float(self.blocks.sum())) * worth)

    @cached_property
    def _deviations(self) -> NDArray[np.float64]:
        """Of each block's shares, weighted by the root of its rows."""
        rows = self.blocks.sum(axis=1)
        there, rows = self.blocks[rows > 0], rows[rows > 0]
        shares = self.blocks.sum(axis=0) / rows.sum()
        away: NDArray[np.float64] = (there / rows[:, None] - shares) * np.sqrt(rows)[:, None]
        return away

    def sway(self, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw deviations of shares, in the directions of the blocks' own, for an excess of 1.

        They are those of a normal distribution whose variance is known from so many blocks only (Student's).
        """
        blocks = len(self._deviations)
        turned = rng.standard_normal((draws, blocks)) @ self._deviations
        unsure = np.sqrt((blocks - 1) / rng.chisquare(blocks - 1, (draws, 1)))
        swayed: NDArray[np.float64] = turned * unsure / np.sqrt((blocks - 1) * self.spread)
        return swayed

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
