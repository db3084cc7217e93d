"""Golden requests for later: what a version answered in its evaluation, to ask its endpoint before it gets traffic."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .scoring import request_of

GOLDEN = 20  # rows, spread over all of the evaluation's

Floats = NDArray[np.float64]


def chosen(count: int) -> NDArray[np.int_]:
    """Return the places of the golden rows among so many."""
    return np.unique(np.linspace(0, count - 1, GOLDEN).astype(int))


def write_golden(path: Path, rows: pd.DataFrame, answers: Floats) -> None:
    """Write the golden rows as an endpoint is asked them, with the prediction of each."""
    places = chosen(len(rows))
    asked = json.loads(request_of(rows.iloc[places]))
    told = {**asked, "predictions": [float(each) for each in answers[places]]}
    path.write_text(json.dumps(told) + "\n", encoding="utf-8")
