"""Live traffic: flights that are predicted one request after the other, and what became of them."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import pipelines
from pipelines import spec
from trimtab.aws.routes import KNOWN_SECONDS
from trimtab.client.api import Api

if TYPE_CHECKING:
    import pandas as pd

ROWS_A_REQUEST = 50
PIPELINES = Path(pipelines.__file__).parent


@dataclass(frozen=True)
class Flown:
    """What a stretch of traffic showed."""

    rows: int
    versions: set[int]
    auc: float
    late_share: float
    seconds: float


class Traffic:
    """Sends rows to the inference API and compares the answers with the truth."""

    def __init__(self, api: Api, model: str) -> None:
        self._api = api
        self._path = f"/v1/models/{model}/invocations"
        folder = spec.load_all(PIPELINES)[model]
        self._target = folder.spec.data.target
        self._features = list(folder.spec.features)

    def follow_the_route(self) -> None:
        """Wait until every prediction goes by a route that has just moved."""
        time.sleep(KNOWN_SECONDS)

    def fly(self, flights: "pd.DataFrame", *, rows: int) -> Flown:
        """Predict `rows` flights, spread evenly over the frame, and score the predictions."""
        chosen = flights.iloc[np.linspace(0, len(flights) - 1, rows).astype(int)]
        started = time.monotonic()
        answers = [
            self._predict(chosen.iloc[at : at + ROWS_A_REQUEST])
            for at in range(0, rows, ROWS_A_REQUEST)
        ]
        scores = np.concatenate([answer["predictions"] for answer in answers])
        late = chosen[self._target].to_numpy(dtype=float)
        return Flown(
            rows=len(scores),
            versions={answer["version"] for answer in answers},
            auc=area_under_the_curve(late, scores),
            late_share=float(late.mean()),
            seconds=time.monotonic() - started,
        )

    def _predict(self, flights: "pd.DataFrame") -> dict[str, Any]:
        table = flights[self._features].astype(object).where(flights[self._features].notna(), None)
        body = {"dataframe_split": {"columns": self._features, "data": table.to_numpy().tolist()}}
        answer: dict[str, Any] = self._api.post(self._path, body)
        return answer


def area_under_the_curve(truth: "np.ndarray[Any, Any]", score: "np.ndarray[Any, Any]") -> float:
    """Chance that a late flight scores above one that was not, ties counting half (Mann-Whitney U / mn)."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # mid-ranks, from 1
    positive = truth == 1
    m, n = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - m * (m + 1) / 2) / (m * n))
