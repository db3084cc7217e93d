"""Predictions that people are asked to label: a sample of all, and those the model is least certain of."""

from typing import Literal

from pydantic import AwareDatetime, NonNegativeInt

from trimtab.domain.base import Frozen


class Wanted(Frozen):
    """A prediction without a label."""

    inference_id: str
    row: NonNegativeInt  # of the request
    version: int
    at: AwareDatetime  # of the prediction
    prediction: float
    # random: a sample of the day, for unbiased quality; uncertain: nearest to the middle of two outcomes, for training
    why: Literal["random", "uncertain"]
    weight: float | None = None  # predictions of the day that a random one stands for
