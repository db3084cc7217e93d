"""The XGBoost variant of the example: trained under AWS's toolkit, served under AWS's toolkit, judged as any model."""

import json
import re
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from pipelines.spec import load
from tests.pipelines.conftest import Trained
from tests.pipelines.jobs import ROOT, Bench, csv
from tests.pipelines.test_flight_delays import ask, body

FOLDER = ROOT / "pipelines" / "flight_delays_xgboost"
SPEC = load(FOLDER / "model.yaml")
SETTINGS = {"rounds": "60", "seed": "1"}
JSON = "application/json"


@pytest.fixture(scope="module")
def boosted(bench: Bench, tiny: pd.DataFrame) -> Trained:
    """A model trained on every eighth flight of January, and what its training wrote."""
    source = bench.source(FOLDER, "boosted-source")
    batch = bench.batch(f"incoming/{SPEC.name}/tiny.csv", csv(tiny))
    prepared = bench.prepare(source, bench.manifest(batch, model=SPEC.name), "boosted")
    assert prepared.returncode == 0, prepared.stderr
    ended, base = bench.train(source, bench.folder / "boosted" / "train", "boosted-job", SETTINGS)
    assert ended.returncode == 0, ended.stderr
    (base / "log").write_text(ended.stdout)
    return Trained(bench, source, base, bench.pack(base, "boosted-model"), "")


def test_the_log_tells_the_objective_of_a_sweep_and_ends_with_the_best_value(boosted: Trained):
    assert SPEC.training.sweep is not None
    pattern = SPEC.training.metrics[SPEC.training.sweep.objective.metric]
    told = [float(found) for found in re.findall(pattern, (boosted.base / "log").read_text())]
    assert len(told) > 3
    assert told[-1] == max(told)


def test_every_range_of_the_sweep_is_a_flag_and_holds_what_a_training_without_it_takes():
    assert SPEC.training.sweep is not None
    for name, range_ in SPEC.training.sweep.ranges.items():
        least, most = map(float, range_.ends or ())
        assert least <= float(SPEC.training.hyperparameters[name]) <= most
        assert f'"--{name}"' in (FOLDER / "train.py").read_text()


def test_a_model_is_its_trees_and_its_words_and_no_pickle(boosted: Trained):
    with tarfile.open(boosted.model / "model.tar.gz") as archive:
        names = sorted(archive.getnames())
    assert names == ["code", "code/inference.py", "features.json", "model.ubj"]


def test_it_answers_golden_requests_and_is_judged(boosted: Trained):
    judged = boosted.bench.evaluate(boosted.source, "boosted", challenger=boosted.model)
    assert judged.returncode == 0, judged.stderr
    report = boosted.bench.report("boosted")
    assert report["metrics"]["auc"]["value"] > 0.55
    assert report["gate"]["passed"] is True, report["gate"]


def test_it_answers_what_is_missing_or_new_and_refuses_what_cannot_be_answered(
    boosted: Trained, tiny: pd.DataFrame
):
    rows = tiny[list(SPEC.features)].head(5)
    unknown = rows.assign(carrier="ZZ", dest="XXX", temp=None, pressure=None)
    right = [json.dumps(body(each)) for each in (rows, unknown, rows[rows.columns[::-1]])]
    wrong = [
        "{",
        json.dumps({**body(rows), "data": [[1, 2]]}),
        json.dumps(body(rows.drop(columns=["temp", "dest"]))),
        json.dumps(body(rows.assign(distance="far"))),
    ]
    answers = ask(boosted, *((JSON, text) for text in [*right, *wrong]), ("text/csv", "a,b"))
    assert [status for status, *_ in answers] == [200] * 3 + [400] * 5
    plain, odd, turned = (json.loads(text)["predictions"] for *_, text in answers[:3])
    assert all(0 < value < 1 for value in [*plain, *odd])
    assert plain == turned
    assert "missing columns: dest, temp" in answers[5][2]
    assert "column distance must hold numbers or null" in answers[6][2]


def test_training_twice_gives_the_same_model(boosted: Trained, tmp_path: Path):
    rows = boosted.bench.folder / "boosted" / "train"
    _, base = boosted.bench.train(boosted.source, rows, str(tmp_path), SETTINGS)
    one, two = ((each / "model" / "model.ubj").read_bytes() for each in (boosted.base, base))
    assert one == two
