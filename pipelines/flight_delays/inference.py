"""Serves the flight-delays model (SageMaker's inference toolkit).

In: `{"columns": [...], "data": [[...], ...]}`. Out: `{"predictions": [probability of a late arrival, ...]}`.
"""

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sagemaker_inference.errors import BaseInferenceToolkitError
from sklearn.pipeline import Pipeline

JSON = "application/json"


def bad_request(reason: str) -> BaseInferenceToolkitError:
    """Make the error that is answered with 400 and the reason: it is the caller's to mend."""
    return BaseInferenceToolkitError(400, reason, reason)


def model_fn(model_dir: str) -> Pipeline:
    """Load the model."""
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body: str | bytes, content_type: str) -> pd.DataFrame:
    """Read the rows of a request."""
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
    return pd.DataFrame(data, columns=columns)


def predict_fn(rows: pd.DataFrame, model: Pipeline) -> np.ndarray:
    """Return the probability of a late arrival for each row."""
    parts = {name: columns for name, _, columns in model.named_steps["columns"].transformers_}
    expected = [*parts["categorical"], *parts["numeric"]]
    if missing := [name for name in expected if name not in rows.columns]:
        raise bad_request(f"missing columns: {', '.join(missing)}")
    rows = rows[expected].copy()
    for name in parts["numeric"]:
        try:
            rows[name] = pd.to_numeric(rows[name]).astype("float64")
        except (ValueError, TypeError) as error:
            raise bad_request(f"column {name} must hold numbers or null: {error}") from None
    return model.predict_proba(rows)[:, 1]


def output_fn(predictions: np.ndarray, accept: str) -> tuple[str, str]:
    """Write the answer; there is one form of it whatever the caller would accept."""
    return json.dumps({"predictions": [float(value) for value in predictions]}), JSON
