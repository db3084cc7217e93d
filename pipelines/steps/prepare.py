"""Prepare: a dataset version becomes the rows to train on and the rows to judge by."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from .batches import read_dataset
from .check import joint_check
from .failure import StepFailure
from .model_source import ModelSource, read_source

REPORT = "check.json"


def prepare(
    source: Path,
    manifest_uri: str,
    train: Path,
    evaluation: Path,
    check: Path,
    *,
    changed: Sequence[str] = (),
) -> str:
    """Write train.csv, evaluation.csv and check.json into their folders; return what was found in one sentence.

    `changed` are the hyperparameters of this run, as `name=value`, where they may differ from model.yaml's.

    A refusal is no failure of this step: check.json holds it, and the pipeline's next step reads it there.
    """
    model = read_source(source).told(changed)
    rows = read_dataset(manifest_uri, model)
    to_train, to_judge = split(rows, model)
    checked = joint_check(model, to_train, to_judge)
    for folder in (train, evaluation, check):
        folder.mkdir(parents=True, exist_ok=True)
    to_train.to_csv(train / "train.csv", index=False)
    to_judge.to_csv(evaluation / "evaluation.csv", index=False)
    report = json.dumps(checked.as_json(), indent=1, ensure_ascii=False)
    (check / REPORT).write_text(report + "\n", encoding="utf-8")
    return f"check {'passed' if checked.passed else 'refused'}: {checked.sentence}"


def split(rows: pd.DataFrame, model: ModelSource) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the newest share of the rows for evaluation: what comes after training is what counts.

    Rows without a time column are drawn by the model's seed instead, the same ones in every run; where they have an
    entity, whole entities are drawn, so that none is on both sides.
    """
    kept = round(len(rows) * model.share)
    if model.time_column is not None:
        order = np.argsort(times(rows[model.time_column]), kind="stable")
    elif model.entity_key is not None:
        order, kept = by_entity(rows[model.entity_key], kept, model.seed)
    else:
        order = np.random.default_rng(model.seed).permutation(len(rows))
    ordered = rows.iloc[order]
    return ordered.iloc[: len(rows) - kept], ordered.iloc[len(rows) - kept :]


def by_entity(entities: pd.Series, kept: int, seed: int) -> tuple[np.ndarray, int]:
    """Return an order of the rows that keeps entities together, and how many of its last rows are for evaluation.

    They are the rows of as many whole entities as it takes for `kept` rows, but never all of them.
    """
    codes, levels = pd.factorize(entities, use_na_sentinel=False)
    rank = np.random.default_rng(seed).permutation(len(levels))[codes]
    order = np.argsort(rank, kind="stable")
    sizes = np.bincount(rank, minlength=len(levels))[::-1]
    drawn = int(np.searchsorted(np.cumsum(sizes), kept)) + 1
    return order, int(sizes[: min(drawn, len(levels) - 1)].sum())


def times(column: pd.Series) -> np.ndarray:
    """Return the column's moments."""
    read = pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce")
    if unread := list(column[read.isna()].unique()[:3]):
        raise StepFailure(
            f"column {column.name} cannot be put in order: {', '.join(map(repr, unread))} must be"
            " ISO 8601 times of the years 1678 to 2261, such as 2026-01-31T08:00:00Z"
        )
    return read.to_numpy()
