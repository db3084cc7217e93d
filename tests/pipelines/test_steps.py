"""Prepare and Evaluate as the containers run them: the packed archive, the jobs' own Python, S3 behind an endpoint."""

import io
import random
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.spec import load
from pipelines.steps.golden import GOLDEN, chosen
from tests.pipelines.conftest import Trained
from tests.pipelines.jobs import BUCKET, FLIGHT_DELAYS, Bench, csv
from trimtab.domain.golden import Golden

SPEC = load(FLIGHT_DELAYS / "model.yaml")


def changed(bench: Bench, name: str, **replaced: str) -> Path:
    """The packed code of flight_delays with lines of its model.yaml replaced."""
    folder = bench.folder / f"changed-{name}" / "flight_delays"
    shutil.copytree(FLIGHT_DELAYS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "model.yaml").read_text()
    for field, value in replaced.items():
        start = text.index(f"  {field}:")
        text = f"{text[:start]}  {field}: {value}{text[text.index(chr(10), start) :]}"
    (folder / "model.yaml").write_text(text)
    return bench.source(folder, f"source-{name}")


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_the_newest_rows_judge_and_the_older_ones_train(
    bench: Bench, source: Path, tiny: pd.DataFrame
):
    newer = bench.batch("incoming/newer.csv", csv(tiny[2000:]))
    older = bench.batch("incoming/older.csv", csv(tiny[:2000].sample(frac=1, random_state=1)))
    ended = bench.prepare(source, bench.manifest(newer, older), "split")
    assert ended.returncode == 0, ended.stderr
    train = pd.read_csv(bench.folder / "split/train/train.csv")
    judge = pd.read_csv(bench.folder / "split/evaluation/evaluation.csv")
    assert (len(train), len(judge)) == (2640, 660)
    assert train["scheduled_at"].max() <= judge["scheduled_at"].min()
    both = pd.concat([train, judge])
    assert list(both.columns) == list(tiny.columns)
    keys = list(tiny.columns)
    pd.testing.assert_frame_equal(
        both.sort_values(keys, ignore_index=True),
        tiny.sort_values(keys, ignore_index=True),
        check_dtype=False,
    )


def test_the_check_weighs_the_hyperparameters_of_the_run(
    bench: Bench, source: Path, tiny: pd.DataFrame
):
    manifest = bench.manifest(bench.batch("incoming/weighed.csv", csv(tiny)))
    refused = bench.prepare(source, manifest, "weighed", "min-samples-leaf=2000")
    assert refused.returncode == 0, refused.stderr
    assert "min-samples-leaf 2000 asks for 4000 training rows" in refused.stdout
    broken = bench.prepare(source, manifest, "weighed", "min-samples-leaf=many")
    assert broken.returncode == 1
    assert last_line(broken.stderr).startswith("hyperparameter min-samples-leaf is 'many'")


def test_columns_beside_the_contract_are_left_out(bench: Bench, source: Path, tiny: pd.DataFrame):
    batch = bench.batch("incoming/wide.csv", csv(tiny.assign(tailnum="N1")[tiny.columns[::-1]]))
    assert bench.prepare(source, bench.manifest(batch), "wide").returncode == 0
    train = pd.read_csv(bench.folder / "wide/train/train.csv")
    assert list(train.columns) == list(tiny.columns)


def test_the_pinned_version_is_read_when_a_newer_one_is_there(
    bench: Bench, source: Path, tiny: pd.DataFrame
):
    batch = bench.batch("incoming/twice.csv", csv(tiny))
    bench.put("incoming/twice.csv", b"something else")
    ended = bench.prepare(source, bench.manifest(batch), "twice")
    assert ended.returncode == 0, ended.stderr


def test_a_batch_with_another_digest_is_refused(bench: Bench, source: Path, tiny: pd.DataFrame):
    batch = bench.batch("incoming/altered.csv", csv(tiny), sha256="0" * 64)
    ended = bench.prepare(source, bench.manifest(batch), "altered")
    line = last_line(ended.stderr)
    assert ended.returncode == 1
    assert line.startswith("batch incoming/altered.csv (version ")
    assert line.endswith(f"the manifest says {'0' * 64}")
    assert (bench.folder / "altered/message").read_text() == line
    assert "Traceback" not in ended.stderr


def test_a_batch_with_another_number_of_rows_is_refused(
    bench: Bench, source: Path, tiny: pd.DataFrame
):
    batch = bench.batch("incoming/short.csv", csv(tiny), rows=7)
    ended = bench.prepare(source, bench.manifest(batch), "short")
    assert ended.returncode == 1
    assert last_line(ended.stderr).endswith("has 3300 rows, the manifest says 7")


def test_a_batch_that_is_gone_is_named(bench: Bench, source: Path):
    batch = {"key": "incoming/gone.csv", "version_id": "null", "sha256": "", "rows": 1}
    ended = bench.prepare(source, bench.manifest(batch), "gone")
    assert ended.returncode == 1
    assert f"s3://{BUCKET}/incoming/gone.csv version null cannot be read" in ended.stderr


def test_a_manifest_of_another_model_is_refused(bench: Bench, source: Path):
    ended = bench.prepare(source, bench.manifest(model="churn"), "other")
    assert ended.returncode == 1
    assert last_line(ended.stderr).endswith("is of model churn, not flight-delays")


def test_a_refusal_of_the_check_is_an_answer_of_the_step_and_no_failure(
    bench: Bench, source: Path, tiny: pd.DataFrame
):
    batch = bench.batch("incoming/few.csv", csv(tiny[:2000].assign(late=0)))
    ended = bench.prepare(source, bench.manifest(batch), "few")
    assert ended.returncode == 0
    checked = bench.checked("few")
    assert checked["passed"] is False
    assert checked["rows"] == {"train": 1600, "evaluation": 400}
    assert checked["sentence"] == (
        "2000 rows leave 400 for evaluation (share 0.2), fewer than evaluation.minimum_rows 500; "
        "all 1600 training rows have late 0; both classes are needed; "
        "all 400 evaluation rows have late 0; both classes are needed"
    )
    assert ended.stdout.strip() == f"check refused: {checked['sentence']}"


def test_genuine_rows_pass_the_check_with_the_code_and_parameters_of_the_example(trained: Trained):
    checked = trained.bench.checked("tiny")
    assert checked["passed"], checked["sentence"]
    assert {finding["name"] for finding in checked["findings"]} >= {"parameters", "columns"}


def test_without_a_time_column_the_rows_are_drawn_by_the_seed(bench: Bench, tiny: pd.DataFrame):
    source = changed(bench, "timeless", time_column="null")
    manifest = bench.manifest(bench.batch("incoming/timeless.csv", csv(tiny)))
    for name in ("timeless-1", "timeless-2"):
        ended = bench.prepare(source, manifest, name)
        assert ended.returncode == 0, ended.stderr
    one, two = (
        (bench.folder / name / "evaluation/evaluation.csv").read_bytes()
        for name in ("timeless-1", "timeless-2")
    )
    assert one == two
    times = [
        pd.read_csv(bench.folder / "timeless-1" / part)["scheduled_at"]
        for part in ("train/train.csv", "evaluation/evaluation.csv")
    ]
    assert times[0].max() > times[1].min()


@pytest.fixture(scope="module")
def evaluated(trained: Trained) -> tuple[str, dict[str, Any]]:
    """What the evaluation of a first model printed, and its report."""
    ended = trained.bench.evaluate(trained.source, "tiny", challenger=trained.model)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, trained.bench.report("tiny")


def test_a_first_model_is_judged_by_the_floor_alone(evaluated: tuple[str, dict[str, Any]]):
    printed, report = evaluated
    assert set(report) == {
        *("rows", "metric", "metrics", "champion", "difference", "gate", "slices", "calibration"),
        *("attribution", "curves", "artifact", "serving", "environment", "mcnemar"),
    }
    assert report["rows"] == 660
    assert set(report["metrics"]) == {"auc", "log_loss", "accuracy"}
    for value in report["metrics"].values():
        assert value["low"] <= value["value"] <= value["high"]
    assert report["champion"] is None
    assert report["difference"] is None
    assert report["mcnemar"] is None
    assert report["gate"]["passed"] is True
    assert report["gate"]["sentence"].endswith("; no champion to compare with")
    assert [check["name"] for check in report["gate"]["checks"]] == [
        *("floor", "size", "loads", "golden", "latency")
    ]
    assert report["gate"]["sentence"] in printed


def test_an_evaluation_leaves_golden_requests_for_the_endpoint(
    trained: Trained, evaluated: tuple[str, dict[str, Any]]
):
    written = trained.bench.folder / "tiny" / "report" / "golden.json"
    golden = Golden.model_validate_json(written.read_bytes())
    judged = pd.read_csv(trained.bench.folder / "tiny" / "evaluation" / "evaluation.csv")
    expected = judged.iloc[chosen(len(judged))][list(golden.columns)]
    rows = pd.DataFrame(list(golden.data), columns=list(golden.columns))
    pd.testing.assert_frame_equal(rows, expected.reset_index(drop=True), check_dtype=False)
    assert list(golden.columns) == list(SPEC.features)
    assert len(set(golden.predictions)) > GOLDEN / 2
    assert all(0 < each < 1 for each in golden.predictions)


def test_a_challenger_is_compared_with_the_champion_on_the_same_rows(trained: Trained):
    bench = trained.bench
    champion = ("4", trained.uri)
    ended = bench.evaluate(trained.source, "tiny", challenger=trained.model, champion=champion)
    assert ended.returncode == 0, ended.stderr
    report = bench.report("tiny")
    assert report["champion"] == {"version": 4, "metrics": report["metrics"]}
    assert report["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert report["mcnemar"]["p_value"] == 1
    assert "only the champion on 0" in (bench.folder / "tiny/report/evaluation.html").read_text()
    assert report["gate"]["passed"] is True
    assert "gain over version 4 +0.000" in report["gate"]["sentence"]


def test_a_worse_challenger_is_refused_with_the_numbers(trained: Trained):
    bench = trained.bench
    folder = bench.folder / "worse-train"
    folder.mkdir()
    rows = pd.read_csv(bench.folder / "tiny/train/train.csv")
    rows["late"] = rows["late"].sample(frac=1, random_state=2).to_numpy()
    rows.to_csv(folder / "train.csv", index=False)
    ended, base = bench.train(trained.source, folder, "worse-job")
    assert ended.returncode == 0, ended.stderr
    worse = bench.pack(base, "worse-model")
    judged = bench.evaluate(trained.source, "tiny", challenger=worse, champion=("1", trained.uri))
    report = bench.report("tiny")
    assert judged.returncode == 0, judged.stderr
    assert report["gate"]["passed"] is False
    assert report["difference"]["high"] < 0
    failed = [check["name"] for check in report["gate"]["checks"] if not check["passed"]]
    assert "champion" in failed
    assert judged.stdout.startswith("gate refused: auc ")


def test_a_floor_out_of_reach_is_refused(trained: Trained):
    source = changed(trained.bench, "high", floor="0.99")
    ended = trained.bench.evaluate(source, "tiny", challenger=trained.model)
    assert ended.returncode == 0, ended.stderr
    gate = trained.bench.report("tiny")["gate"]
    assert gate["passed"] is False
    assert " < floor 0.99" in gate["sentence"]


def test_the_same_evaluation_twice_is_the_same_report_but_for_what_a_clock_measured(
    trained: Trained, evaluated: tuple[str, dict[str, Any]]
):
    trained.bench.evaluate(trained.source, "tiny", challenger=trained.model)
    assert _untimed(trained.bench.report("tiny")) == _untimed(evaluated[1])


def _untimed(report: dict[str, Any]) -> dict[str, Any]:
    checks = [each for each in report["gate"]["checks"] if each["name"] not in ("loads", "latency")]
    return report | {"serving": None, "gate": report["gate"] | {"checks": checks}}


def test_a_report_says_what_the_answers_hang_on_and_what_made_them(
    evaluated: tuple[str, dict[str, Any]],
):
    report = evaluated[1]
    weights = report["attribution"]["features"]
    assert set(weights) == set(SPEC.features)
    assert list(weights.values()) == sorted(weights.values(), reverse=True)
    assert max(weights.values()) > 0.01
    assert report["environment"]["packages"]["scikit-learn"] == "1.9.0"
    curve = report["curves"]["roc"]["challenger"]
    assert (curve[0], curve[-1]) == ([0.0, 0.0], [1.0, 1.0])
    assert report["calibration"]["challenger"]["error"] < 0.15
    assert sum(each["rows"] for each in report["calibration"]["challenger"]["groups"]) == 660


def test_the_page_of_a_report_has_the_verdict_first_and_needs_nothing_else(trained: Trained):
    source = changed(trained.bench, "sliced", slices="[origin, distance]")
    bench = trained.bench
    ended = bench.evaluate(source, "tiny", challenger=trained.model, champion=("4", trained.uri))
    assert ended.returncode == 0, ended.stderr
    page = (bench.folder / "tiny/report/evaluation.html").read_text()
    assert page.index("✔ passed") < page.index("gain over version 4") < page.index("<h2>")
    assert all(each in page for each in ("origin=EWR", "Checks", "<svg"))
    assert "http" not in page
    assert len(page) < 60_000
    slices = {each["slice"]: each["verdict"] for each in bench.report("tiny")["slices"]}
    assert {"origin=EWR", "origin=JFK", "origin=LGA"} <= slices.keys()
    assert set(slices.values()) <= {"ok", "unknown"}


def test_a_model_that_only_its_server_cannot_load_is_refused_with_the_server_s_words(
    trained: Trained,
):
    gate = _refused(
        trained, "served", "if 'SAGEMAKER_BIND_TO_PORT' in os.environ: raise OSError('no disk')"
    )
    assert "it does not serve: the server ended with exit code" in gate["sentence"]
    assert "no disk" in gate["sentence"]


def test_a_model_that_answers_otherwise_when_it_serves_is_refused(trained: Trained):
    wrong = (
        "import json\ndef output_fn(predictions, accept):\n"
        "    shift = 0.25 if 'SAGEMAKER_BIND_TO_PORT' in os.environ else 0.0\n"
        "    return json.dumps({'predictions': [float(p) + shift for p in predictions]}), accept"
    )
    gate = _refused(trained, "otherwise", wrong)
    assert "0 of 21 golden requests answered as in the evaluation: " in gate["sentence"]


def test_a_model_that_is_too_large_is_refused(trained: Trained):
    ballast = trained.base / "model" / "ballast.bin"
    ballast.write_bytes(random.Random(1).randbytes(1_400_000))
    try:
        large = trained.bench.pack(trained.base, "large-model")
    finally:
        ballast.unlink()
    source = changed(trained.bench, "small", share="0.2\n  serving: {size_mb: 1}")
    ended = trained.bench.evaluate(source, "tiny", challenger=large)
    assert ended.returncode == 0, ended.stderr
    gate = trained.bench.report("tiny")["gate"]
    assert gate["passed"] is False
    assert gate["sentence"].startswith("model.tar.gz 1.3 MB > 1 MB; ")


def test_a_gate_that_only_reports_passes_what_it_would_refuse_until_its_day(trained: Trained):
    def told(name: str, until: str) -> dict[str, Any]:
        only = f"report_only: {{until: '{until}', reason: a new metric}}"
        source = changed(trained.bench, name, floor=f"0.99\n  {only}")
        trained.bench.evaluate(source, "tiny", challenger=trained.model)
        return dict(trained.bench.report("tiny")["gate"])

    still = told("reports", "2999-12-31")
    assert (still["passed"], still["would_pass"]) == (True, False)
    assert still["sentence"].startswith(
        "report only until 2999-12-31 (a new metric): would have refused: auc 0."
    )
    assert told("refuses-again", "2020-01-31")["passed"] is False


def _refused(trained: Trained, name: str, lines: str) -> dict[str, Any]:
    """The gate's words on the tiny model with lines added to its serving code."""
    serving = trained.base / "model" / "code" / "inference.py"
    kept = serving.read_text()
    try:
        serving.write_text(f"{kept}\nimport os\n{lines}\n")
        broken = trained.bench.pack(trained.base, f"{name}-model")
    finally:
        serving.write_text(kept)
    ended = trained.bench.evaluate(trained.source, "tiny", challenger=broken)
    assert ended.returncode == 0, ended.stderr
    gate = dict(trained.bench.report("tiny")["gate"])
    assert gate["passed"] is False
    return gate


def test_a_champion_that_cannot_be_read_is_an_error_not_a_verdict(trained: Trained):
    bench = trained.bench
    champion = ("1", f"s3://{BUCKET}/gone/model.tar.gz")
    ended = bench.evaluate(trained.source, "tiny", challenger=trained.model, champion=champion)
    assert ended.returncode == 1
    assert f"s3://{BUCKET}/gone/model.tar.gz cannot be read" in last_line(ended.stderr)


def test_a_model_that_cannot_read_the_rows_is_refused_and_the_column_named(trained: Trained):
    folder = trained.bench.folder / "renamed"
    (folder / "evaluation").mkdir(parents=True)
    rows = pd.read_csv(trained.bench.folder / "tiny/evaluation/evaluation.csv")
    rows["distance"] = "far"
    rows.to_csv(folder / "evaluation/evaluation.csv", index=False)
    ended = trained.bench.evaluate(trained.source, "renamed", challenger=trained.model)
    assert ended.returncode == 0, ended.stderr
    report = trained.bench.report("renamed")
    assert (report["gate"]["passed"], report["metrics"]) == (False, {})
    assert report["gate"]["sentence"].startswith(
        "the challenger cannot answer the evaluation rows: column distance must hold numbers"
    )
    page = (folder / "report/evaluation.html").read_text()
    assert "✖ refused" in page


def test_half_a_champion_is_refused(trained: Trained):
    champion = ("none", trained.uri)
    ended = trained.bench.evaluate(
        trained.source, "tiny", challenger=trained.model, champion=champion
    )
    assert ended.returncode == 1
    assert "expected both or 'none'" in last_line(ended.stderr)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("import sys\nsys.exit('gone')", "SystemExit: gone"),
    ],
)
def test_a_model_whose_serving_code_does_not_load_is_refused_for_it(
    trained: Trained, code: str, reason: str
):
    folder = trained.bench.folder / f"unloadable-{len(code)}"
    folder.mkdir()
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(code)
        archive.addfile(member, io.BytesIO(code.encode()))
    ended = trained.bench.evaluate(trained.source, "tiny", challenger=folder)
    assert ended.returncode == 0, ended.stderr
    expected = f"the challenger cannot load its code/inference.py: {reason}"
    assert trained.bench.report("tiny")["gate"]["sentence"] == expected
