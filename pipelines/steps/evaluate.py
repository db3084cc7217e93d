"""Evaluate: challenger and champion answer the same newest rows, and the gate judges."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .bootstrap import Bootstrap, Interval
from .curves import curves
from .failure import StepFailure
from .gate import Check, Verdict, champion_check, floor_check
from .metrics import BY_PROBLEM, LARGER_IS_BETTER, metric
from .model_source import ModelSource, read_source
from .objects import fetch, split_uri
from .provenance import artifact, environment
from .scoring import score, unpack

NONE = "none"  # what the pipeline's parameters say where there is no champion
REPORT = "evaluation.json"


@dataclass(frozen=True)
class Champion:
    """The version that answers now."""

    version: int
    model_uri: str

    @classmethod
    def named(cls, version: str, model_uri: str) -> "Champion | None":
        """Read the pipeline's two parameters."""
        if version == NONE and model_uri == NONE:
            return None
        if not version.isdigit() or not model_uri.startswith("s3://"):
            raise StepFailure(
                f"champion version {version!r} at {model_uri!r}: expected both or 'none'"
            )
        return cls(int(version), model_uri)


def evaluate(
    source: Path, evaluation: Path, challenger: Path, champion: Champion | None, output: Path
) -> str:
    """Write evaluation.json and return the gate's sentence."""
    model = read_source(source)
    rows = read_rows(evaluation / "evaluation.csv", model)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        asked = rows[list(model.features)]
        unpacked = unpack(challenger / "model.tar.gz", folder / "challenger")
        judged = artifact(unpacked)  # before it is imported, which may leave bytecode beside it
        answers = {"challenger": score(unpacked, asked, "the challenger")}
        if champion is not None:
            answers["champion"] = _champion(champion, folder, asked)
    truth = rows[model.target].to_numpy(dtype=np.float64)
    report = judge(model, truth, answers, champion.version if champion else None)
    report |= {
        "artifact": judged,
        "curves": curves(model.problem, truth, answers),
        "environment": environment(),
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return (
        f"gate {'passed' if report['gate']['passed'] else 'refused'}: {report['gate']['sentence']}"
    )


def read_rows(path: Path, model: ModelSource) -> pd.DataFrame:
    """Read the rows that Prepare wrote."""
    words = [name for name, each in model.columns.items() if each["type"] in ("string", "datetime")]
    return pd.read_csv(
        path,
        dtype=dict.fromkeys(words, "str"),
        keep_default_na=False,
        na_values=[""],
    )


def judge(
    model: ModelSource,
    truth: NDArray[np.float64],
    answers: dict[str, NDArray[np.float64]],
    champion_version: int | None,
) -> dict[str, Any]:
    """Return evaluation.json: metrics of both with intervals, their difference and the gate."""
    names = BY_PROBLEM[model.problem]
    measures = {
        f"{who} {name}": metric(name, truth, predicted)
        for who, predicted in answers.items()
        for name in names
    }
    bootstrap = Bootstrap(measures, len(truth), model.seed)

    def metrics(who: str) -> dict[str, dict[str, float]]:
        return {name: bootstrap.interval(f"{who} {name}").as_json() for name in names}

    gain = _gain(bootstrap, model.metric) if champion_version is not None else None
    value = bootstrap.interval(f"challenger {model.metric}").value
    return {
        "rows": len(truth),
        "metrics": metrics("challenger"),
        "champion": None
        if champion_version is None
        else {"version": champion_version, "metrics": metrics("champion")},
        "difference": gain.as_json() if gain else None,
        "gate": _verdict(model, value, gain, champion_version).as_json(),
    }


def _gain(bootstrap: Bootstrap, name: str) -> Interval:
    """By how much the challenger is better than the champion; positive is better, for losses too."""
    sides = ("challenger", "champion") if LARGER_IS_BETTER[name] else ("champion", "challenger")
    return bootstrap.difference(*(f"{side} {name}" for side in sides))


def _verdict(
    model: ModelSource, value: float, gain: Interval | None, champion_version: int | None
) -> Verdict:
    checks: list[Check] = []
    better = LARGER_IS_BETTER[model.metric]
    if model.floor is not None:
        checks.append(floor_check(model.metric, value, model.floor, larger_is_better=better))
    if gain is None or champion_version is None:
        shown = "" if checks else f"{model.metric} {value:.3f}, no floor set; "
        return Verdict(tuple(checks), f"{shown}no champion to compare with")
    checks.append(champion_check(model.metric, gain, model.margin, champion_version))
    return Verdict(tuple(checks))


def _champion(champion: Champion, scratch: Path, rows: pd.DataFrame) -> NDArray[np.float64]:
    archive = scratch / "champion.tar.gz"
    fetch(*split_uri(champion.model_uri), archive)
    who = f"the champion, version {champion.version},"
    return score(unpack(archive, scratch / "champion"), rows, who)
