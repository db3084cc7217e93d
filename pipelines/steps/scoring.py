"""A model's answers to rows, through its own serving code: exactly what its endpoint would say."""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import Loader
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .failure import StepFailure

JSON = "application/json"
ROWS_A_REQUEST = 20_000  # bounds the memory of one request, whatever the evaluation's size

Floats = NDArray[np.float64]
Ask = Callable[[pd.DataFrame], Floats]


@contextmanager
def loaded(model_dir: Path, who: str) -> Iterator[Ask]:
    """Load a model by its own serving code and hand over what answers rows. Raises StepFailure if it cannot."""
    with _serving_code(model_dir, who) as code:
        try:
            model = code.model_fn(str(model_dir))
        except Exception as error:
            raise _cannot(f"{who} cannot be loaded", error) from error

        def ask(rows: pd.DataFrame) -> Floats:
            try:
                answers = [_ask(code, model, part) for part in _parts(rows)]
            except Exception as error:
                raise _cannot(f"{who} cannot answer the evaluation rows", error) from error
            return _as_many(np.concatenate(answers), len(rows), who)

        yield ask


def score(model_dir: Path, rows: pd.DataFrame, who: str) -> Floats:
    """Return the model's prediction for every row."""
    with loaded(model_dir, who) as ask:
        return ask(rows)


def request_of(rows: pd.DataFrame) -> str:
    """Return the body of a request for these rows."""
    return str(rows.to_json(orient="split", index=False))


def answered(body: str | bytes) -> Floats:
    """Return the predictions of an answer. Raises ValueError, KeyError or TypeError if it has none."""
    return np.asarray(json.loads(body)["predictions"], dtype=np.float64)


def _cannot(what: str, error: Exception) -> StepFailure:
    reason = getattr(error, "message", None) or str(error) or type(error).__name__
    return StepFailure(f"{what}: {reason}")


def _as_many(predictions: Floats, rows: int, who: str) -> Floats:
    if predictions.shape != (rows,) or not np.isfinite(predictions).all():
        raise StepFailure(
            f"{who} must answer {rows} rows with as many finite numbers,"
            f" got an answer of shape {predictions.shape}"
        )
    return predictions


def _parts(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(rows), ROWS_A_REQUEST):
        yield rows.iloc[start : start + ROWS_A_REQUEST]


def _ask(code: ModuleType, model: Any, rows: pd.DataFrame) -> Floats:
    asked = code.input_fn(request_of(rows), JSON)
    body, *_ = _paired(code.output_fn(code.predict_fn(asked, model), JSON))
    return answered(body)


def _paired(answer: Any) -> tuple[Any, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def _load(loader: Loader, module: ModuleType, who: str) -> None:
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise StepFailure(f"{who} cannot load its code/inference.py: {reason}") from error


@contextmanager
def _serving_code(model_dir: Path, who: str) -> Iterator[ModuleType]:
    """Import a model's inference.py with its own folder first, and forget all of it afterwards."""
    folder = model_dir / "code"
    path = folder / "inference.py"
    spec = importlib.util.spec_from_file_location("inference", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise StepFailure(f"{who} has no code/inference.py in its model.tar.gz")
    module = importlib.util.module_from_spec(spec)
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        _load(spec.loader, module, who)
        yield module
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            origin = getattr(sys.modules[name], "__file__", None) or ""
            if origin.startswith(str(folder)):
                del sys.modules[name]
