"""Trains the model that says how likely a flight is to arrive late (SageMaker script mode).

Runs in AWS's scikit-learn container; what it needs is told by flags and by the toolkit's SM_ variables. The columns
come from `model.json`, the part of model.yaml that is packed beside this file.
"""

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

HERE = Path(__file__).parent


def main() -> None:
    """Train on the `train` channel and leave model and serving code in the model folder."""
    options = _options()
    spec = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
    categorical, numeric = feature_columns(spec)
    rows = pd.read_csv(options.train / "train.csv", dtype=dict.fromkeys(categorical, "str"))
    model = build(categorical, numeric, options)
    model.fit(rows[[*categorical, *numeric]], rows[spec["data"]["target"]])
    save(model, options.model_dir)
    print(f"trained on {len(rows)} rows, {len(categorical) + len(numeric)} features")  # noqa: T201 (the job's log)


def feature_columns(spec: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the categorical and the numeric features that the contract names."""
    roles = {spec["data"][role] for role in ("target", "time_column", "entity_key")}
    types = {
        name: column["type"]
        for name, column in spec["contract"]["columns"].items()
        if name not in roles
    }
    categorical = [name for name, kind in types.items() if kind == "string"]
    return categorical, [name for name in types if name not in categorical]


def build(categorical: list[str], numeric: list[str], options: argparse.Namespace) -> Pipeline:
    """Return the untrained model: codes for words, missing values as they are, boosted trees."""
    missing = float("nan")  # a word never seen in training is treated as a missing one
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=missing, encoded_missing_value=missing
    )
    columns = ColumnTransformer(
        [("categorical", codes, categorical), ("numeric", "passthrough", numeric)]
    )
    trees = HistGradientBoostingClassifier(
        max_iter=options.max_iter,
        learning_rate=options.learning_rate,
        max_leaf_nodes=options.max_leaf_nodes,
        min_samples_leaf=options.min_samples_leaf,
        categorical_features=list(range(len(categorical))),
        early_stopping=False,
        random_state=options.seed,
    )
    return Pipeline([("columns", columns), ("trees", trees)])


def save(model: Pipeline, folder: Path) -> None:
    """Write the model and the code that serves it as SageMaker's containers expect them."""
    joblib.dump(model, folder / "model.joblib", compress=3)
    (folder / "code").mkdir(exist_ok=True)
    shutil.copyfile(HERE / "inference.py", folder / "code" / "inference.py")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, exit_on_error=False)
    parser.add_argument("--max-iter", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--max-leaf-nodes", type=int, default=8)
    parser.add_argument("--min-samples-leaf", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--model-dir", type=Path, default=os.environ.get("SM_MODEL_DIR"))
    options, unknown = parser.parse_known_args()
    if unknown:
        raise ValueError(f"no such hyperparameter: {' '.join(unknown)}")
    return options


def report_failure(error: Exception) -> None:
    """Leave the reason where SageMaker looks for it; the toolkit alone would only say that the script failed."""
    if folder := os.environ.get("SM_OUTPUT_DIR"):
        reason = f"{type(error).__name__}: {error}"
        Path(folder, "failure").write_text(reason, encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        report_failure(error)
        raise
