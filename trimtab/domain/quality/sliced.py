"""How good a version was in parts of its rows: those that have one value of a column."""

from typing import Literal

from pydantic import NonNegativeInt

from trimtab.domain.base import Frozen
from trimtab.domain.quality.measured import Measured


class SliceQuality(Frozen):
    """How good a version was in one slice of a window."""

    labels: NonNegativeInt
    state: Literal["ok", "worse", "insufficient_data"]
    loss: Measured | None = None  # by these labels; None without any
    usual: float  # the loss in the slice of the evaluation
