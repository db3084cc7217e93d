"""A challenger tried as it would serve: loaded, asked all rows, and brought up in the image's own server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .archive import unpack
from .attribution import attribution
from .failure import StepFailure
from .model_source import ModelSource
from .provenance import artifact
from .scoring import loaded
from .serving import CannotServe, Served, serving

SERVING_FILE = "inference.py"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """What became of a challenger that was loaded, asked and served."""

    packed_bytes: int  # of model.tar.gz
    artifact: dict[str, Any]  # digest and size of what is in it
    answers: Floats | None = None  # None: it answered nothing that can be judged
    attribution: dict[str, Any] | None = None
    served: Served | None = None
    problem: str = ""  # why it did not answer, or did not serve


def try_out(
    model: ModelSource, rows: pd.DataFrame, truth: Floats, archive: Path, base: Path
) -> Trial:
    """Unpack the challenger, load it, ask it all rows, and bring it up in the image's own server."""
    folder = unpack(archive, base / "model")
    seen = (archive.stat().st_size, artifact(folder))  # before an import leaves bytecode there
    patience = float(model.gate.load_seconds)
    with serving(base, patience=patience, program=SERVING_FILE) as ask_server:
        try:
            with loaded(folder, "the challenger") as ask:
                answers = ask(rows)
                weights = attribution(model.metric, rows, truth, ask, model.seed)
        except StepFailure as failure:
            return Trial(*seen, problem=str(failure))
        try:
            return Trial(*seen, answers, weights, ask_server(rows, answers))
        except CannotServe as failure:
            return Trial(*seen, answers, weights, problem=str(failure))
