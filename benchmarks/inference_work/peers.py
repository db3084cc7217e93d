"""One model behind other servers: as `mlflow models serve` serves it, and behind a bare gunicorn.

Run in MLflow's environment: `python -m benchmarks.inference_work.peers FOLDER` makes the model; gunicorn runs `app`.
"""

import json
import os
import sys
from pathlib import Path

import joblib
import numpy as np

from benchmarks.inference_work.columns import FEATURES


def make(folder: Path) -> None:
    """Write a gradient boosting of 100 trees on 20 features, plain and in MLflow's form."""
    import mlflow.sklearn  # noqa: PLC0415 (gunicorn's workers need not wait for it)
    import pandas as pd  # noqa: PLC0415
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    chance = np.random.default_rng(7)
    rows = pd.DataFrame(chance.normal(size=(20_000, len(FEATURES))), columns=FEATURES)
    late = rows.sum(axis=1) + chance.normal(size=len(rows)) > 0
    model = HistGradientBoostingClassifier(max_iter=100).fit(rows, late)
    joblib.dump(model, folder / "model.joblib")
    mlflow.sklearn.save_model(
        model, str(folder / "mlflow"), pip_requirements=[], serialization_format="cloudpickle"
    )


def app(environ, start_response):
    """Answer `{"columns": [...], "data": [[...], ...]}`, as simply as can be."""
    told = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    scores = _model().predict_proba(np.array(told["data"], float))[:, 1]
    body = json.dumps({"predictions": scores.tolist()}).encode()
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [body]


def _model():
    if "model" not in globals():
        globals()["model"] = joblib.load(Path(os.environ["MODEL"]) / "model.joblib")
    return globals()["model"]


if __name__ == "__main__":
    make(Path(sys.argv[1]))
