"""Serves the flight-delays-xgboost model (SageMaker's inference toolkit).

In: `{"columns": [...], "data": [[...], ...]}`. Out: `{"predictions": [probability of a late arrival, ...]}`.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from sagemaker_inference.errors import BaseInferenceToolkitError

JSON = "application/json"


def bad_request(reason: str) -> BaseInferenceToolkitError:
    """Make the error that is answered with 400 and the reason: it is the caller's to mend."""
    return BaseInferenceToolkitError(400, reason, reason)


class Model:
    """The trees, and how their features are read."""

    def __init__(self, folder: Path) -> None:
        # One thread a request: waking others takes longer than a few rows do, and the server answers many at once.
        self.trees = xgboost.Booster({"nthread": 1}, model_file=str(folder / "model.ubj"))
        told = json.loads((folder / "features.json").read_text(encoding="utf-8"))
        self.codes = {
            name: {word: float(place) for place, word in enumerate(known)}
            for name, known in told["categories"].items()
        }
        self.features = [*self.codes, *told["numeric"]]

    def values(self, columns: dict[str, list[Any]]) -> np.ndarray:
        """Return the rows as numbers; a word never seen in training is treated as a missing one."""
        if missing := [name for name in self.features if name not in columns]:
            raise bad_request(f"missing columns: {', '.join(missing)}")
        read = [self._column(name, columns[name]) for name in self.features]
        return np.array(read, dtype="float64").T

    def _column(self, name: str, cells: list[Any]) -> list[float]:
        if name in self.codes:
            return [self.codes[name].get(cell, math.nan) for cell in cells]
        try:
            return [math.nan if cell is None else float(cell) for cell in cells]
        except (ValueError, TypeError) as error:
            raise bad_request(f"column {name} must hold numbers or null: {error}") from None


def model_fn(model_dir: str) -> Model:
    """Load the model."""
    return Model(Path(model_dir))


def input_fn(body: str | bytes, content_type: str) -> dict[str, list[Any]]:
    """Read the rows of a request, column by column."""
    if content_type.partition(";")[0].strip() != JSON:
        raise bad_request(f"expected {JSON}, got {content_type}")
    try:
        request = json.loads(body)
    except ValueError as error:
        raise bad_request(f"the body is not JSON: {error}") from None
    if not isinstance(request, dict) or not {"columns", "data"} <= request.keys():
        raise bad_request('expected {"columns": [...], "data": [[...], ...]}')
    columns, data = request["columns"], request["data"]
    if not isinstance(columns, list) or not isinstance(data, list) or not data:
        raise bad_request("columns and data must be lists, data with at least one row")
    for position, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            raise bad_request(f"data[{position}] must be a list of {len(columns)} values")
    return {name: [row[place] for row in data] for place, name in enumerate(columns)}


def predict_fn(columns: dict[str, list[Any]], model: Model) -> np.ndarray:
    """Return the probability of a late arrival for each row."""
    kinds = ["c" if name in model.codes else "q" for name in model.features]
    rows = xgboost.DMatrix(
        model.values(columns),
        feature_names=model.features,
        feature_types=kinds,
        enable_categorical=True,
        nthread=1,
    )
    return model.trees.predict(rows)


def output_fn(predictions: np.ndarray, accept: str) -> tuple[str, str]:
    """Write the answer; there is one form of it whatever the caller would accept."""
    return json.dumps({"predictions": [float(value) for value in predictions]}), JSON
