"""What the challenger made of the evaluation rows: the first that live traffic is compared with."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .model_source import ModelSource

PREDICTION = "(prediction)"  # no column of a contract is named so

Floats = NDArray[np.float64]


def write_scored(path: Path, rows: pd.DataFrame, model: ModelSource, answers: Floats) -> None:
    """Write the features, the target and the time of each row, but nothing personal, and the prediction beside them."""
    times = [model.time_column] if model.time_column else []
    names = [
        name
        for name in (*model.features, model.target, *times)
        if not model.columns[name].get("personal")
    ]
    rows[names].assign(**{PREDICTION: answers}).to_csv(path, index=False)
