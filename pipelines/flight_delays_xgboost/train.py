"""Trains the model that says how likely a flight is to arrive late, with XGBoost (SageMaker script mode).

Runs in AWS's XGBoost container. A setting is judged on later rows than it was trained on, three times over, and the
log tells their mean AUC as it grows: by that a sweep chooses. A single week would not do, since its weather decides
more than any setting. The model that is kept is then trained on all rows, for as many rounds as served best.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost

HERE = Path(__file__).parent
BLOCKS, JUDGED = (
    5,
    3,
)  # stretches of time of one size; the last ones are each predicted from all before
PATIENCE = 30  # rounds without a better AUC after which a setting is done
TOLD = 10  # rounds between two lines of the log


class Tell(xgboost.callback.TrainingCallback):
    """Tells the log the AUC every few rounds, in one write each: a line must not be cut in two."""

    def after_iteration(self, model: object, epoch: int, evals_log: dict) -> bool:  # noqa: ARG002
        """Tell, and go on."""
        if epoch % TOLD == 0:
            mean, _ = evals_log["test"]["auc"][-1]
            tell(mean)
        return False


def main() -> None:
    """Train on the `train` channel and leave model and serving code in the model folder."""
    options = _options()
    spec = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
    categorical, numeric = feature_columns(spec)
    rows = pd.read_csv(options.train / "train.csv", dtype=dict.fromkeys(categorical, "str"))
    codes = {name: sorted(rows[name].dropna().unique()) for name in categorical}
    features = [*categorical, *numeric]
    values = encoded(rows, codes, numeric)
    target = rows[spec["data"]["target"]].to_numpy()
    settings = settings_of(options)
    known = matrix(values, target, codes, features)
    judged = xgboost.cv(
        settings,
        known,
        options.rounds,
        folds=folds(len(rows)),
        early_stopping_rounds=PATIENCE,
        as_pandas=False,
        callbacks=[Tell()],
    )["test-auc-mean"]
    rounds = len(judged)  # those that served best: it leaves out the ones after
    tell(judged[-1])
    model = xgboost.train(settings, known, rounds)
    save(model, {"categories": codes, "numeric": numeric}, options.model_dir)
    sys.stdout.write(f"trained on {len(rows)} rows, {len(features)} features, {rounds} rounds\n")


def tell(auc: float) -> None:
    """Write the AUC where SageMaker finds it."""
    sys.stdout.write(f"validation_auc={auc:.6f}\n")
    sys.stdout.flush()


def folds(rows: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return which rows are learnt from and which are predicted, each time; Prepare has ordered them by their times."""
    ends = np.linspace(0, rows, BLOCKS + 1).astype(int)
    last = range(BLOCKS - JUDGED, BLOCKS)
    return [(np.arange(ends[k]), np.arange(ends[k], ends[k + 1])) for k in last]


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


def encoded(rows: pd.DataFrame, codes: dict[str, list[str]], numeric: list[str]) -> np.ndarray:
    """Return the features as numbers: a word's place among those of training, NaN where there is nothing."""
    words = [
        rows[name].map({word: place for place, word in enumerate(known)}).astype("float64")
        for name, known in codes.items()
    ]
    return np.column_stack([*words, rows[numeric].to_numpy("float64")])


def matrix(
    values: np.ndarray, target: np.ndarray, codes: dict[str, list[str]], features: list[str]
) -> xgboost.DMatrix:
    """Return rows as XGBoost takes them, words told from numbers."""
    kinds = ["c" if name in codes else "q" for name in features]
    return xgboost.DMatrix(
        values, target, feature_names=features, feature_types=kinds, enable_categorical=True
    )


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what XGBoost is told of this run's hyperparameters."""
    return {
        "objective": "binary:logistic",
        "eval_metric": "auc",
        "tree_method": "hist",
        "eta": options.eta,
        "max_depth": options.max_depth,
        "min_child_weight": options.min_child_weight,
        "subsample": options.subsample,
        "colsample_bytree": options.colsample,
        "lambda": options.l2,
        "seed": options.seed,
    }


def save(model: xgboost.Booster, features: dict[str, Any], folder: Path) -> None:
    """Write the model and the code that serves it as SageMaker's containers expect them; no pickle is among them."""
    model.save_model(folder / "model.ubj")
    (folder / "features.json").write_text(json.dumps(features), encoding="utf-8")
    (folder / "code").mkdir(exist_ok=True)
    shutil.copyfile(HERE / "inference.py", folder / "code" / "inference.py")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, exit_on_error=False)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--eta", type=float, default=0.1)
    parser.add_argument("--max-depth", type=int, default=4)
    parser.add_argument("--min-child-weight", type=float, default=20.0)
    parser.add_argument("--subsample", type=float, default=0.8)
    parser.add_argument("--colsample", type=float, default=0.8)
    parser.add_argument("--l2", type=float, default=1.0)
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
