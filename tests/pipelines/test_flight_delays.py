"""The example: its data, its training under AWS's toolkit, its serving code under AWS's toolkit."""

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.flight_delays import data
from pipelines.spec import load
from tests.pipelines.conftest import Trained
from tests.pipelines.jobs import FLIGHT_DELAYS, JOBS, Bench, csv
from trimtab.domain.columns import Column, ColumnType

SPEC = load(FLIGHT_DELAYS / "model.yaml")


@pytest.mark.parametrize("number", range(1, 13))
def test_a_genuine_month_keeps_the_contract(number: int):
    month = data.month(number)
    assert list(month.columns) == list(SPEC.contract.columns)
    assert len(month) >= SPEC.contract.minimum_rows
    for name, column in SPEC.contract.columns.items():
        assert_column(month[name], column)


def assert_column(cells: pd.Series, column: Column) -> None:
    missing = cells.isna().mean()
    assert missing <= (SPEC.contract.missing_share if column.nullable else 0)
    present = cells.dropna()
    if column.minimum is not None and column.maximum is not None:
        assert present.between(column.minimum, column.maximum).all()
    if column.allowed is not None:
        assert set(present) <= set(column.allowed)
    if column.type is ColumnType.integer:
        assert pd.api.types.is_integer_dtype(cells)
    if column.type is ColumnType.datetime:
        assert pd.to_datetime(present, utc=True, format="ISO8601").is_monotonic_increasing


def test_february_alone_does_not_retrain_but_with_march_it_does():
    rows = [len(data.month(number)) for number in (1, 2, 3)]
    assert rows == [26_398, 23_611, 27_902]
    assert rows[1] < SPEC.retraining.minimum_new_rows <= rows[1] + rows[2]


def test_months_do_not_overlap(january: pd.DataFrame):
    assert january["scheduled_at"].max() < data.month(2)["scheduled_at"].min()


def test_a_month_is_written_as_the_file_people_upload(tmp_path: Path, january: pd.DataFrame):
    data.write_month(1, tmp_path / "january.csv")
    header, first, *_ = (tmp_path / "january.csv").read_text().splitlines()
    assert header == ",".join(SPEC.contract.columns)
    assert first.startswith("2013-01-01T10:15:00Z,UA,EWR,IAH,315,1,1400,39.02,")
    assert len(pd.read_csv(tmp_path / "january.csv")) == len(january)


@pytest.mark.parametrize("number", [0, 13])
def test_a_month_that_is_none_is_refused(number: int):
    with pytest.raises(ValueError, match="a month is 1 to 12"):
        data.month(number)


def test_january_passes_its_gate_on_a_split_by_time(
    bench: Bench, source: Path, january: pd.DataFrame
):
    manifest = bench.manifest(bench.batch("incoming/january.csv", csv(january)))
    assert bench.prepare(source, manifest, "january").returncode == 0
    given = {name: str(value) for name, value in SPEC.training.hyperparameters.items()}
    settings = {**given, "seed": str(SPEC.training.seed)}
    ended, base = bench.train(source, bench.folder / "january/train", "january-job", settings)
    assert ended.returncode == 0, ended.stderr
    model = bench.pack(base, "january-model")
    judged = bench.evaluate(source, "january", challenger=model)
    assert judged.returncode == 0, judged.stderr
    report = bench.report("january")
    assert report["rows"] == 5280
    assert report["metrics"]["auc"]["value"] == pytest.approx(0.665, abs=0.01)
    assert report["gate"]["passed"] is True


def test_training_twice_gives_the_same_model(trained: Trained):
    bench = trained.bench
    _, base = bench.train(trained.source, bench.folder / "tiny/train", "again-job")
    one, two = ((each / "model" / "model.joblib").read_bytes() for each in (trained.base, base))
    assert one == two


def test_a_model_carries_its_serving_code(trained: Trained):
    with tarfile.open(trained.model / "model.tar.gz") as archive:
        assert sorted(archive.getnames()) == ["code", "code/inference.py", "model.joblib"]


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({"max-iter": "many"}, "ArgumentError: argument --max-iter: invalid int value: 'many'"),
        ({"max-itre": "5"}, "ValueError: no such hyperparameter: --max-itre 5"),
        ({"learning-rate": "-1"}, "learning_rate"),
    ],
)
def test_a_training_that_fails_leaves_its_reason_where_sagemaker_looks(
    trained: Trained, tmp_path: Path, hyperparameters: dict[str, str], reason: str
):
    rows = trained.bench.folder / "tiny/train"
    ended, base = trained.bench.train(trained.source, rows, str(tmp_path), hyperparameters)
    assert ended.returncode == 1
    assert reason in (base / "output" / "failure").read_text()


ASK = """
import json, os, sys
sys.path.insert(0, os.environ["SAGEMAKER_BASE_DIR"] + "/model/code")
from sagemaker_inference.default_handler_service import DefaultHandlerService
from sagemaker_inference import environment

class Request:
    def __init__(self, headers):
        self.headers = headers
    def get_request_properties(self):
        return self.headers

class Context:
    def __init__(self, headers):
        self.system_properties = {"model_dir": environment.model_dir}
        self.request_processor = [Request(headers)]
        self.status, self.phrase = 200, ""
    def set_response_status(self, code=200, phrase="", idx=0):
        self.status, self.phrase = code, phrase
    def set_response_content_type(self, idx, value):
        pass

service = DefaultHandlerService()
service.initialize(Context({}))
answers = []
for kind, body in json.load(sys.stdin):
    context = Context({"Content-Type": kind, "Accept": "application/json"})
    body = service.handle([{"body": body.encode()}], context)[0]
    answers.append([context.status, context.phrase, body])
print(json.dumps(answers))
"""


def ask(trained: Trained, *requests: tuple[str, str]) -> list[tuple[int, str, str]]:
    """Answer requests as the container does: AWS's inference toolkit over the unpacked model."""
    environment = trained.bench.environment(
        SAGEMAKER_BASE_DIR=str(trained.base), SAGEMAKER_PROGRAM="inference.py"
    )
    ended = subprocess.run(
        [str(JOBS / "python"), "-c", ASK],
        env=environment,
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return [tuple(answer) for answer in json.loads(ended.stdout)]


def body(rows: pd.DataFrame) -> dict[str, Any]:
    return {"columns": list(rows.columns), "data": json.loads(rows.to_json(orient="values"))}


def test_the_endpoint_answers_with_probabilities_and_takes_what_is_missing_or_new(
    trained: Trained, tiny: pd.DataFrame
):
    rows = tiny[list(SPEC.features)].head(5)
    unknown = rows.assign(carrier="ZZ", dest="XXX", temp=None, pressure=None)
    reversed_ = rows[rows.columns[::-1]]
    answers = ask(
        trained,
        *(("application/json", json.dumps(body(each))) for each in (rows, unknown, reversed_)),
    )
    assert [status for status, *_ in answers] == [200, 200, 200]
    predicted = [json.loads(text)["predictions"] for *_, text in answers]
    assert all(len(each) == 5 and all(0 < value < 1 for value in each) for each in predicted)
    assert predicted[0] == predicted[2]
    assert predicted[0] != predicted[1]


def test_a_request_that_cannot_be_answered_gets_400_and_the_reason(
    trained: Trained, tiny: pd.DataFrame
):
    rows = tiny[list(SPEC.features)].head(2)
    whole = body(rows)
    requests = [
        ("text/csv", "a,b"),
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/json", json.dumps({**whole, "data": []})),
        ("application/json", json.dumps({**whole, "data": [[1, 2]]})),
        ("application/json", json.dumps(body(rows.drop(columns=["temp", "dest"])))),
        ("application/json", json.dumps(body(rows.assign(distance="far")))),
    ]
    answers = ask(trained, *requests)
    assert [status for status, *_ in answers] == [400] * len(requests)
    reasons = [text.splitlines()[0] for *_, text in answers]
    expected = [
        "expected application/json, got text/csv",
        "the body is not JSON",
        'expected {"columns": [...], "data": [[...], ...]}',
        "columns and data must be lists, data with at least one row",
        "data[0] must be a list of 12 values",
        "missing columns: dest, temp",
        "column distance must hold numbers or null",
    ]
    assert all(reason.startswith(said) for reason, said in zip(reasons, expected, strict=True))
