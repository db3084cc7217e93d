"""Live traffic: flights that are predicted one request after the other, and what became of them."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import pipelines
from pipelines import spec
from pipelines.flight_delays import data
from trimtab.aws.routes import KNOWN_SECONDS
from trimtab.client.api import Api

if TYPE_CHECKING:
    import pandas as pd

ROWS_A_REQUEST = 50  # where a person follows each; a batch has more
BATCH = 500
CALLERS = 4  # at once
CALLED_FOR = 1000  # flights that callers ask for, over and over
PIPELINES = Path(pipelines.__file__).parent


@dataclass(frozen=True)
class Flown:
    """What a stretch of traffic showed."""

    rows: int
    versions: set[int]
    auc: float
    late_share: float
    seconds: float
    labels: tuple[tuple[str, int, int], ...]  # inference id, row, and what became of the flight


@dataclass(frozen=True)
class Asked:
    """How many requests each version answered, and how many none did."""

    answered: Counter[int]
    failed: int
    instead: int = 0  # of those answered, by another version than the one that should have

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(
            self.answered + other.answered,
            self.failed + other.failed,
            self.instead + other.instead,
        )

    def __str__(self) -> str:
        told = [f"{count} by version {version}" for version, count in sorted(self.answered.items())]
        return ", ".join([*told, f"{self.failed} failed"])


class Traffic:
    """Sends rows to the inference API and compares the answers with the truth."""

    def __init__(self, api: Api, model: str) -> None:
        self._api = api
        self._path = f"/v1/models/{model}/invocations"
        folder = spec.load_all(PIPELINES)[model]
        self._target = folder.spec.data.target
        self._features = list(folder.spec.features)
        self._sent = 0
        self.turn_to(data.month(4))

    def turn_to(self, flights: "pd.DataFrame") -> None:
        """Have callers ask for these flights from now on, spread evenly over the frame."""
        self._rows = self._table(flights.iloc[_spread(len(flights), CALLED_FOR)])

    def follow_the_route(self) -> None:
        """Wait until every prediction goes by a route that has just moved."""
        time.sleep(KNOWN_SECONDS)

    def fly(
        self, flights: "pd.DataFrame", *, rows: int | None = None, together: int = ROWS_A_REQUEST
    ) -> Flown:
        """Predict `rows` flights (all unless given), spread evenly, so many a request; score the predictions."""
        chosen = flights.iloc[_spread(len(flights), rows or len(flights))]
        started = time.monotonic()
        answers = [
            self._predict(chosen.iloc[at : at + together]) for at in range(0, len(chosen), together)
        ]
        scores = np.concatenate([answer["predictions"] for answer in answers])
        late = chosen[self._target].to_numpy(dtype=float)
        return Flown(
            rows=len(scores),
            versions={answer["version"] for answer in answers},
            auc=area_under_the_curve(late, scores),
            late_share=float(late.mean()),
            seconds=time.monotonic() - started,
            labels=tuple(
                (answer["inference_id"], row, int(late[together * request + row]))
                for request, answer in enumerate(answers)
                for row in range(len(answer["predictions"]))
            ),
        )

    def ask(self, times: int) -> Asked:
        """Send that many requests of one flight each, some at once.

        Each has an id of its own, the same in every demo: versions are chosen by it, so the numbers are the same.
        """
        numbers = range(self._sent, self._sent + times)
        self._sent += times
        with ThreadPoolExecutor(CALLERS) as callers:
            answers = [told for told in callers.map(self._answer, numbers) if told is not None]
        answered = Counter(int(told["version"]) for told in answers)
        instead = sum(told["fallback_from"] is not None for told in answers)
        return Asked(answered, failed=times - len(answers), instead=instead)

    def _answer(self, number: int) -> dict[str, Any] | None:
        """What answers a request, or None if nothing does."""
        row = self._rows[number % len(self._rows)]
        body = {"dataframe_split": {"columns": self._features, "data": [row]}}
        told = {**body, "inference_id": f"demo-{number:06d}"}
        answer = self._api.send("POST", self._path, json.dumps(told).encode())
        said: dict[str, Any] = json.loads(answer.data)
        return said if answer.status == HTTPStatus.OK else None

    def _predict(self, flights: "pd.DataFrame") -> dict[str, Any]:
        body = {"dataframe_split": {"columns": self._features, "data": self._table(flights)}}
        answer: dict[str, Any] = self._api.post(self._path, body)
        return answer

    def _table(self, flights: "pd.DataFrame") -> list[list[Any]]:
        table = flights[self._features].astype(object).where(flights[self._features].notna(), None)
        rows: list[list[Any]] = table.to_numpy().tolist()
        return rows


def _spread(size: int, wanted: int) -> "np.ndarray[Any, Any]":
    return np.linspace(0, size - 1, wanted).astype(int)


def area_under_the_curve(truth: "np.ndarray[Any, Any]", score: "np.ndarray[Any, Any]") -> float:
    """Chance that a late flight scores above one that was not, ties counting half (Mann-Whitney U / mn)."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # mid-ranks, from 1
    positive = truth == 1
    m, n = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - m * (m + 1) / 2) / (m * n))
