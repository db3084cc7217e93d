"""Evaluate: challenger and champion answer the same newest rows, and the gate judges."""

import json
import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import report_page
from .archive import unpack
from .failure import StepFailure
from .golden import write_golden
from .judging import Case, judge
from .model_source import ModelSource, read_source
from .objects import fetch, split_uri
from .scored import write_scored
from .scoring import score
from .trial import try_out

NONE = "none"  # what the pipeline's parameters say where there is no champion
REPORT, PAGE, GOLDEN = "evaluation.json", "evaluation.html", "golden.json"
SCORED = "scored.csv"

Floats = NDArray[np.float64]


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
    """Write evaluation.json, its page, golden requests and scored rows, and return the gate's sentence."""
    model = read_source(source)
    rows = read_rows(evaluation / "evaluation.csv", model)
    asked, truth = rows[list(model.features)], rows[model.target].to_numpy(dtype=np.float64)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        archive = challenger / "model.tar.gz"
        trial = try_out(model, asked, truth, archive, folder / "challenger")
        answers = {} if trial.answers is None else {"challenger": trial.answers}
        if champion is not None and answers:
            answers["champion"] = _champion(champion, folder, asked)
    version = champion.version if champion else None
    case = Case(model, rows, truth, answers, version, trial)
    report = judge(case, datetime.now(timezone.utc).date())
    output.mkdir(parents=True, exist_ok=True)
    (output / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (output / PAGE).write_text(report_page.page(model.name, report), encoding="utf-8")
    if "challenger" in answers:
        write_golden(output / GOLDEN, asked, answers["challenger"])
        write_scored(output / SCORED, rows, model, answers["challenger"])
    told = report["gate"]
    return f"gate {'passed' if told['passed'] else 'refused'}: {told['sentence']}"


def read_rows(path: Path, model: ModelSource) -> pd.DataFrame:
    """Read the rows that Prepare wrote."""
    words = [name for name, each in model.columns.items() if each["type"] in ("string", "datetime")]
    return pd.read_csv(
        path,
        dtype=dict.fromkeys(words, "str"),
        keep_default_na=False,
        na_values=[""],
    )


def _champion(champion: Champion, scratch: Path, rows: pd.DataFrame) -> Floats:
    archive = scratch / "champion.tar.gz"
    fetch(*split_uri(champion.model_uri), archive)
    who = f"the champion, version {champion.version},"
    return score(unpack(archive, scratch / "champion"), rows, who)
