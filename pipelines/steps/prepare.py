"""Prepare: a dataset version becomes the rows to train on and the rows to judge by."""

from pathlib import Path

import numpy as np
import pandas as pd

from .batches import read_dataset
from .failure import StepFailure
from .model_source import ModelSource, read_source


def prepare(source: Path, manifest_uri: str, train: Path, evaluation: Path) -> str:
    """Write train.csv and evaluation.csv into their folders; return what was done in one sentence."""
    model = read_source(source)
    rows = read_dataset(manifest_uri, model)
    to_train, to_judge = split(rows, model)
    check(to_train, to_judge, model)
    train.mkdir(parents=True, exist_ok=True)
    evaluation.mkdir(parents=True, exist_ok=True)
    to_train.to_csv(train / "train.csv", index=False)
    to_judge.to_csv(evaluation / "evaluation.csv", index=False)
    return f"{len(to_train)} rows to train on, {len(to_judge)} newer rows to judge by"


def split(rows: pd.DataFrame, model: ModelSource) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the newest share of the rows for evaluation: what comes after training is what counts.

    Rows without a time column are drawn by the model's seed instead, the same ones in every run.
    """
    kept = round(len(rows) * model.share)
    if model.time_column is None:
        order = np.random.default_rng(model.seed).permutation(len(rows))
    else:
        order = np.argsort(times(rows[model.time_column]), kind="stable")
    ordered = rows.iloc[order]
    return ordered.iloc[: len(rows) - kept], ordered.iloc[len(rows) - kept :]


def times(column: pd.Series) -> np.ndarray:
    """Return the column's moments."""
    read = pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce")
    if unread := list(column[read.isna()].unique()[:3]):
        raise StepFailure(
            f"column {column.name} cannot be put in order: {', '.join(map(repr, unread))} must be"
            " ISO 8601 times of the years 1678 to 2261, such as 2026-01-31T08:00:00Z"
        )
    return read.to_numpy()


def check(train: pd.DataFrame, evaluation: pd.DataFrame, model: ModelSource) -> None:
    """Refuse rows that no verdict can come from."""
    if len(evaluation) < model.minimum_rows:
        total = len(train) + len(evaluation)
        raise StepFailure(
            f"{total} rows leave {len(evaluation)} for evaluation (share {model.share:g}),"
            f" fewer than evaluation.minimum_rows {model.minimum_rows}"
        )
    if model.problem != "binary":
        return
    for name, rows in (("training", train), ("evaluation", evaluation)):
        classes = rows[model.target].unique()
        if len(classes) < 2:  # noqa: PLR2004 (a binary target has two)
            raise StepFailure(
                f"all {len(rows)} {name} rows have {model.target} {classes[0]}; both classes are needed"
            )
