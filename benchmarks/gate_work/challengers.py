"""Makes challengers and puts them to the gate, in the environment of the jobs.

Arguments: a folder with `model/` (the packed code of flight_delays) and a CSV for each month, then the months, the
champion's first. Prints a JSON object a verdict.
"""

import argparse
import json
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.flight_delays import train
from pipelines.steps.archive import unpack
from pipelines.steps.check import joint_check
from pipelines.steps.judging import Case, judge
from pipelines.steps.model_source import ModelSource, read_source
from pipelines.steps.prepare import split
from pipelines.steps.scoring import score
from pipelines.steps.trial import try_out

SETTINGS = argparse.Namespace(
    max_iter=100, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=200, seed=2013
)
TODAY = date(2026, 1, 1)  # no verdict of these depends on it


@dataclass(frozen=True)
class Table:
    """A month, split as Prepare splits it."""

    name: str
    to_train: pd.DataFrame
    to_judge: pd.DataFrame


def main() -> None:
    """Print a line of JSON for each challenger."""
    folder, months = Path(sys.argv[1]), sys.argv[2:]
    model = read_source(folder / "model")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        tables = {month: _table(folder, month, model) for month in months}
        january = tables[months[0]]
        champion = _packed(model, january.to_train, work / "champion")
        serving = unpack(champion, work / "champion" / "served")
        for month in months[1:]:
            archive = _packed(model, tables[month].to_train, work / month)
            _tell(month, _judged(model, tables[month], archive, serving, work / f"{month}-judged"))
        for name, told in _wrong(model, january, serving, work):
            _tell(name, told)


def _wrong(
    model: ModelSource, table: Table, serving: Path, work: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Challengers that nobody should release, each wrong in one way."""
    shuffled = table.to_train.copy()
    order = np.random.default_rng(1).permutation(len(shuffled))
    shuffled[model.target] = shuffled[model.target].to_numpy()[order]
    noise = _packed(model, shuffled, work / "shuffled")
    yield "shuffled labels", _judged(model, table, noise, serving, work / "shuffled-judged")

    def break_server(folder: Path) -> None:
        code = folder / "code" / "inference.py"
        code.write_text(f"import no_such_package\n{code.read_text()}")

    broken = _packed(model, table.to_train, work / "broken", break_server)
    yield "broken inference.py", _judged(model, table, broken, serving, work / "broken-judged")

    def bloat(folder: Path) -> None:
        (folder / "ballast.bin").write_bytes(np.random.default_rng(2).bytes(3 << 20))

    large = _packed(model, table.to_train, work / "large", bloat)
    small = replace(model, gate=replace(model.gate, size_mb=2))
    yield "too large (limit 2 MB)", _judged(small, table, large, serving, work / "large-judged")
    yield "leaked target", _leaked(model, table)


def _leaked(model: ModelSource, table: Table) -> dict[str, Any]:
    """A feature that is known only afterwards: refused before anything is trained."""
    sides = [
        part.assign(distance=part[model.target] * 100) for part in (table.to_train, table.to_judge)
    ]
    checked = joint_check(model, *sides)
    return {"gate": {"passed": checked.passed, "sentence": checked.sentence}, "metrics": {}}


def _table(folder: Path, month: str, model: ModelSource) -> Table:
    words = [name for name, each in model.columns.items() if each["type"] in ("string", "datetime")]
    rows = pd.read_csv(
        folder / f"{month}.csv",
        dtype=dict.fromkeys(words, "str"),
        keep_default_na=False,
        na_values=[""],
    )
    return Table(month, *split(rows[list(model.columns)], model))


def _packed(
    model: ModelSource,
    rows: pd.DataFrame,
    folder: Path,
    spoil: Callable[[Path], None] | None = None,
) -> Path:
    """Train on the rows as train.py does, and pack what it left."""
    categorical = [name for name in model.features if model.columns[name]["type"] == "string"]
    numeric = [name for name in model.features if name not in categorical]
    made = train.build(categorical, numeric, SETTINGS)
    made.fit(rows[[*categorical, *numeric]], rows[model.target])
    (folder / "made").mkdir(parents=True)
    train.save(made, folder / "made")
    if spoil:
        spoil(folder / "made")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "made", ".")
    shutil.rmtree(folder / "made")
    return folder / "model.tar.gz"


def _judged(
    model: ModelSource, table: Table, archive: Path, champion: Path, base: Path
) -> dict[str, Any]:
    asked = table.to_judge[list(model.features)].reset_index(drop=True)
    truth = table.to_judge[model.target].to_numpy(dtype=np.float64)
    trial = try_out(model, asked, truth, archive, base)
    answers = {} if trial.answers is None else {"challenger": trial.answers}
    if answers:
        answers["champion"] = score(champion, asked, "the champion")
    rows = table.to_judge.reset_index(drop=True)
    return judge(Case(model, rows, truth, answers, 1, trial), TODAY)


def _tell(name: str, report: dict[str, Any]) -> None:
    print(json.dumps({"challenger": name, **report}), flush=True)


if __name__ == "__main__":
    main()
