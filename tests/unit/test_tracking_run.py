"""A run as training code sees it: it is never held up and never ended by what becomes of the API or the disk."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracking_deployment import Deployment, deployment
from trimtab import tracking
from trimtab.cli import main
from trimtab.tracking.journal import journals

ROOT = Path(__file__).parents[2]
GIT = [
    ("init", "--quiet", "--initial-branch", "main"),
    ("config", "user.email", "a@example.org"),
    ("config", "user.name", "A"),
    ("remote", "add", "origin", "https://someone:secret@example.org/team/trees.git"),
    ("add", "."),
    ("commit", "--quiet", "--message", "Plant trees"),
]


@pytest.fixture
def there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Deployment]:
    monkeypatch.chdir(tmp_path)
    with deployment(tmp_path / "home", monkeypatch) as made:
        yield made


def only_run(there: Deployment) -> dict:
    [run] = there.server.runs.values()
    return run


def metrics(there: Deployment) -> list[float]:
    return [value for kind, _, value in only_run(there)["said"] if kind == "metrics"]


def spooled() -> list[str]:
    return [journal.id for journal in journals(tracking.spool_folder())]


def test_a_run_is_told_to_the_api_as_it_goes(there: Deployment, tmp_path: Path):
    (tmp_path / "model.pkl").write_bytes(b"trees")
    with tracking.start_run("trees", name="wide", params={"depth": 6}, tags={"team": "a"}) as run:
        run.log_metrics({"auc": 0.7, "loss": float("nan")}, step=3)
        run.log_artifact("model.pkl", "models")
        (tmp_path / "model.pkl").unlink()
    assert only_run(there)["status"] == "FINISHED"
    assert only_run(there)["said"] == [
        ("params", "depth", "6"),
        ("metrics", "auc", 0.7),
        ("metrics", "loss", "NaN"),
        ("tags", "team", "a"),
    ]
    assert there.server.files == {f"1/{run.id}/models/model.pkl": b"trees"}


def test_training_goes_on_while_the_api_is_away_and_nothing_is_lost(
    there: Deployment, caplog: pytest.LogCaptureFixture
):
    run = tracking.start_run("trees")
    run.log_metrics({"loss": 0})
    assert run.flush()
    there.stop()
    for step in range(1, 500):
        run.log_metrics({"loss": step}, step=step)
    assert run.end(patience=0) is False
    assert only_run(there)["status"] == "RUNNING"
    there.start()
    assert run.flush()
    assert metrics(there) == list(range(500))
    assert only_run(there)["status"] == "FINISHED"
    said = [record.message for record in caplog.records if "sent later" in record.message]
    assert len(said) <= 2, "an outage is told once, not with each attempt"


def test_a_run_that_begins_while_the_api_is_away_is_made_when_it_is_back(there: Deployment):
    there.stop()
    with tracking.start_run("trees", params={"depth": 6}) as run:
        assert run.id == ""
        run.end(patience=0)
    there.start()
    assert run.flush()
    assert run.id
    assert only_run(there)["status"] == "FINISHED"


def test_an_error_in_training_is_the_status_of_its_run(there: Deployment):
    with pytest.raises(ZeroDivisionError), tracking.start_run("trees") as run:
        run.log_metrics({"loss": 1 / 0})
    assert only_run(there)["status"] == "FAILED"


def test_what_cannot_be_tracked_is_told_and_ends_nothing(
    there: Deployment, caplog: pytest.LogCaptureFixture
):
    with tracking.start_run("trees") as run:
        run.log_metrics({"loss": "much"})  # type: ignore[dict-item]
        run.log_artifact("not-there.pkl")
        run.set_tags({"huge": "x" * (1 << 20), "small": "x"})
    run.log_metrics({"loss": 1})
    told = " ".join(record.message for record in caplog.records)
    for part in ("log_metrics is not tracked", "not-there.pkl", "'huge' is too large", "has ended"):
        assert part in told
    assert only_run(there)["said"] == [("tags", "small", "x")]


def test_a_disk_that_takes_nothing_ends_nothing(
    there: Deployment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    Path("file").touch()
    monkeypatch.setenv("TRIMTAB_SPOOL", "file/spool")
    monkeypatch.setattr("tempfile.tempdir", "file")
    with tracking.start_run("trees", params={"depth": 6}) as run:
        run.log_metrics({"loss": 1})
    assert run.id == ""
    assert "runs cannot be kept in" in caplog.text


TRAINING = """
import sys
from trimtab import tracking
run = tracking.start_run("trees")
for step in range(1_000_000):
    run.log_metrics({"loss": step}, step=step)
    print(step, flush=True)
"""


def training(*, until: int) -> int:
    """Train in a process of its own that is killed without a word; return the last step it told."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", TRAINING], env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < until:
            pass
        process.send_signal(signal.SIGKILL)
        return max((int(line) for line in process.stdout if line.endswith("\n")), default=until)


@pytest.mark.parametrize("reachable", [True, False])
def test_a_killed_process_leaves_what_it_said_for_the_next_to_send(
    there: Deployment, reachable: bool
):
    if not reachable:
        there.stop()
    last = training(until=300)
    if not reachable:
        there.start()
    assert spooled()
    with tracking.start_run("pines"):
        pass  # the next run's process also looks after what was left behind
    main.trimtab(["tracking", "sync"], standalone_mode=False)
    [killed] = [run for run in there.server.runs.values() if run["said"]]
    assert killed["status"] == "KILLED"
    steps = [value for _, _, value in killed["said"]]
    assert steps == list(range(len(steps))), "in order, none twice"
    assert len(steps) >= last + 1
    assert spooled() == []


def test_a_forked_process_may_log_to_its_parents_run(there: Deployment):
    run = tracking.start_run("trees")
    if (child := os.fork()) == 0:
        run.log_metrics({"loss": 1})
        os._exit(0)
    os.waitpid(child, 0)
    assert run.end()
    assert metrics(there) == [1]


def test_a_run_is_resumed_by_its_id(there: Deployment):
    with tracking.start_run("trees", params={"depth": 6}) as first:
        pass
    with tracking.resume_run(first.id) as again:
        again.set_tags({"reviewed": "yes"})
        assert again.flush()
        assert only_run(there)["status"] == "RUNNING"
    assert only_run(there)["status"] == "FINISHED"
    assert ("tags", "reviewed", "yes") in only_run(there)["said"]


def test_the_version_of_the_code_is_kept_with_a_run(there: Deployment, tmp_path: Path):
    code = tmp_path / "code"
    code.mkdir()
    (code / "train.py").write_text("depth = 5\n")
    for words in GIT:
        subprocess.run(["git", *words], cwd=code, check=True, env={**os.environ, "HOME": "/"})
    (code / "train.py").write_text("depth = 6\n")
    os.chdir(code)
    with tracking.start_run("trees") as run:
        pass
    said = {key: value for kind, key, value in only_run(there)["said"] if kind == "tags"}
    assert len(said["mlflow.source.git.commit"]) == 40
    assert said["mlflow.source.git.branch"] == "main"
    assert said["mlflow.source.git.repoURL"] == "https://example.org/team/trees.git"
    assert said["trimtab.code.dirty"] == "true"
    diff = there.server.files[f"1/{run.id}/{said['trimtab.code.diff']}"].decode()
    assert "-depth = 5\n+depth = 6\n" in diff


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict]:
    main.trimtab(["--output", "json", "tracking", *words], standalone_mode=False)
    return json.loads(capsys.readouterr().out)


def test_the_command_line_tells_what_waits_and_sends_it(
    there: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    there.stop()
    training(until=3)
    [row] = shown(capsys, "status")
    assert (row["experiment"], row["state"], row["run_id"]) == ("trees", "waiting", "")
    assert row["unsent"] >= 4
    monkeypatch.setattr("sys.argv", ["trimtab", "tracking", "sync"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 1
    assert "1 of 1 runs could not be sent" in capsys.readouterr().err
    there.start()
    [row] = shown(capsys, "sync")
    assert (row["state"], row["unsent"]) == ("sent", 0)
    assert row["run_id"] in there.server.runs
    assert shown(capsys, "status") == []


def test_what_the_api_refuses_is_told_until_somebody_says_to_forget_it(
    there: Deployment, capsys: pytest.CaptureFixture[str]
):
    with tracking.start_run("trees") as run:
        run.log_params({"depth": 6, "refused": 1})
        run.log_metrics({"loss": 1})
    assert metrics(there) == [1]
    [row] = shown(capsys, "status")
    assert (row["state"], row["refused"]) == ("refused", 1)
    assert row["reason"] == "INVALID_PARAMETER_VALUE: no such name"
    [row] = shown(capsys, "sync", "--forget-refused")
    assert row["refused"] == 0
    assert shown(capsys, "status") == []


def test_a_run_that_has_ended_is_under_way_no_more_while_a_process_it_forked_lives(
    there: Deployment, capsys: pytest.CaptureFixture[str]
):
    waits, goes_on = os.pipe()
    with tracking.start_run("trees") as run:
        run.log_params({"refused": 1})
        if (child := os.fork()) == 0:
            os.close(goes_on)
            os.read(waits, 1)
            os._exit(0)
    [row] = shown(capsys, "status")
    assert (row["state"], row["refused"]) == ("refused", 1)
    os.close(goes_on)
    os.waitpid(child, 0)
    os.close(waits)
