"""Whether as many rows come as always."""

import math
from collections.abc import Iterator

import numpy as np

from trimtab.domain.drift.chance import Chance
from trimtab.domain.drift.questions import Asking, Question
from trimtab.domain.drift.report import Bin

BLOCKS = 8  # of the baseline; fewer do not tell how the number of rows varies
LEAST_SPREAD = (
    0.1  # of the logarithm: no traffic is steadier than within a tenth, whatever few blocks say
)


def row_count(asking: Asking) -> Iterator[Question]:
    """Ask whether the window has as many rows as the baseline's blocks of time have."""
    rows = asking.baseline.block_rows
    if asking.baseline.block != "time" or len(rows) < BLOCKS or asking.window.hours is None:
        return
    question = asking.of("rows", "row_count")
    question.cause = "feed"
    per_block = np.log(np.array(rows) + 0.5)
    found = asking.window.profile.rows / asking.window.blocks
    away = math.log(found + 0.5) - float(per_block.mean())
    # Wider by what is not known of mean and spread from so few blocks.
    unsure = math.sqrt((1 + 1 / len(rows)) * (len(rows) - 1) / (len(rows) - 3))
    spread = max(LEAST_SPREAD, float(per_block.std(ddof=1))) * unsure
    usual = round(math.exp(float(per_block.mean())) - 0.5)
    question.measure, question.floor = "row_count", asking.floor("row_count", "rows")
    question.effect = abs(away) / math.log(2)
    question.chance = Chance(math.erfc(abs(away) / spread / math.sqrt(2)), 0, 0)
    question.rows, question.reference_rows = asking.window.profile.rows, sum(rows)
    question.effective_rows = question.enough_rows = question.needed_rows = len(rows)
    question.bins = (Bin(name="rows of a block", reference=max(0, usual), window=round(found)),)
    question.words = f"{usual:,} → {found:,.0f} rows"
    yield question
