"""`trimtab runs reproduce`: what is asked, how long it is waited for, and with which exit code it ends."""

import json
from typing import Any

import click
import pytest

from trimtab.cli.main import trimtab
from trimtab.cli.recorded import last_words, recorded, step_rows
from trimtab.cli.reproduce import Waiting, conclude, parsed_changes, parsed_space
from trimtab.domain.recording.ids import run_id_of
from trimtab.errors import OperatorError

ANSWER = {
    "decision": "start",
    "request_id": "20261109-a",
    "model": "churn",
    "origin_run_id": "o",
    "purpose": "reproduce",
}
ARN = "arn:aws:sagemaker:us-east-1:1:pipeline/trimtab-dev-churn/execution/e1"
RUN = {
    "run_id": run_id_of("e1"),
    "status": "FINISHED",
    "ended_at": "2026-11-09T08:00:00Z",
    "tags": {"trimtab.verdict": "auc 0.7 >= floor 0.6"},
    "reproduction": None,
}


def request(phase: str, **changed: Any) -> dict[str, Any]:
    told = {
        "request_id": "20261109-a",
        "phase": phase,
        "execution_arn": ARN,
        "verdict": "no such role",
        "plan": {"origin_run_id": "o", "purpose": "reproduce"},
    }
    return {**told, **changed}


def judged(result: str) -> dict[str, Any]:
    differences = [{"what": "package numpy", "before": "2.4.1", "after": "2.4.2"}]
    again = {"result": result, "sentence": f"so: {result}", "differences": differences}
    return {**RUN, "reproduction": again}


class Deployment:
    """Answers what it was told to, one answer after another; the last one for ever."""

    def __init__(self, requests: list[list[dict[str, Any]]], runs: list[dict[str, Any]]) -> None:
        self._requests, self._runs = requests, runs

    def items(self, path: str, *, limit: int) -> list[dict[str, Any]]:
        assert (path, limit) == ("/v1/models/churn/training", 100)
        return self._requests.pop(0) if len(self._requests) > 1 else self._requests[0]

    def get(self, path: str) -> dict[str, Any]:
        assert path == f"/v1/runs/{run_id_of('e1')}"
        return self._runs.pop(0) if len(self._runs) > 1 else self._runs[0]


def waited(requests, runs, minutes: int = 60, **changed: str) -> tuple[dict[str, Any], list[float]]:
    pauses: list[float] = []
    answer = {**ANSWER, **changed}
    waiting = Waiting(Deployment(requests, runs), answer, minutes, pauses.append)  # type: ignore[arg-type]
    return waiting.run(), pauses


def test_a_verdict_is_waited_for_with_longer_and_longer_pauses():
    requests = [[], [request("running")], [request("failed")]]
    told, pauses = waited(requests, [RUN, judged("measuring"), judged("bit-equal")])
    assert told["reproduction"]["result"] == "bit-equal"
    assert pauses == [2.0, 3.0, 4.5, 6.75]


def test_a_run_that_has_no_verdict_is_over_when_it_ended():
    running = {**RUN, "ended_at": None}
    told, pauses = waited([[request("successful")]], [running, RUN], purpose="full_data")
    assert (told, len(pauses)) == (RUN, 1)


def test_a_wish_that_waits_follows_the_later_request_with_its_plan():
    other = request("running", request_id="20261110-b", plan={"origin_run_id": "x", "purpose": ""})
    mine = request("successful", request_id="20261110-c")
    told, _ = waited([[other, request("successful")], [mine]], [judged("not")], decision="wait")
    assert told["reproduction"]["result"] == "not"


def test_a_run_that_never_started_says_why():
    with pytest.raises(OperatorError, match="no such role"):
        waited([[request("error", execution_arn=None)]], [RUN])


def test_time_that_is_over_has_its_own_exit_code(capsys):
    with pytest.raises(SystemExit) as ended:
        waited([[]], [RUN], minutes=-1)
    assert ended.value.code == 4
    assert "not over yet" in capsys.readouterr().err


def concluded(run: dict[str, Any], form: str = "table") -> None:
    with click.Context(trimtab, obj={"form": form}):
        conclude(run)


@pytest.mark.parametrize(
    ("result", "code"), [("bit-equal", None), ("within spread", None), ("not", 3)]
)
def test_the_exit_code_says_whether_it_reproduced(result, code, capsys):
    try:
        concluded(judged(result))
    except SystemExit as ended:
        assert ended.code == code
    else:
        assert code is None
    told = capsys.readouterr()
    assert f"so: {result}" in told.err
    assert "package numpy" in told.out


def test_a_run_without_a_verdict_tells_how_it_ended(capsys):
    concluded(RUN)
    assert "FINISHED: auc 0.7" in capsys.readouterr().err


def test_a_program_gets_the_whole_run(capsys):
    concluded(judged("bit-equal"), "json")
    assert json.loads(capsys.readouterr().out)["reproduction"]["result"] == "bit-equal"


def test_ranges_and_parameters_are_read_as_they_are_typed():
    assert parsed_space("depth=2:12,rate=0.01:0.3") == {"depth": [2, 12], "rate": [0.01, 0.3]}
    assert parsed_space("") == {}
    assert parsed_changes(("a=1", "b=x=y")) == {"a": "1", "b": "x=y"}


@pytest.mark.parametrize("text", ["depth", "depth=3", "depth=a:b", "depth=5:5", "depth=7:2"])
def test_what_is_no_range_is_told(text):
    with pytest.raises(click.BadParameter):
        parsed_space(text)


@pytest.mark.parametrize("text", ["depth", "=3"])
def test_what_is_no_parameter_is_told(text):
    with pytest.raises(click.BadParameter):
        parsed_changes((text,))


def test_what_was_recorded_is_told_by_its_headings():
    step = {"name": "Train", "status": "Succeeded", "seconds": 60.0, "cost_usd": 12.345}
    waiting = {"name": "Tune", "status": "Executing", "seconds": None, "cost_usd": None}
    execution = {
        "seconds": 90.0,
        "cost_usd": 0.0046,
        "prices_of": "us-east-1",
        "prices_as_of": "2026-11-26",
        "reason": "good",
        "steps": [step, waiting],
    }
    recipe = {
        "source": {"sha256": "a" * 64},
        "data": {"dataset_version": 3, "rows": 2000, "digest": "d" * 64},
        "seed": "1",
        "image": "registry/scikit:1.9",
        "environment": {"python": "3.12", "packages": {"numpy": "2"}},
    }
    again = {"origin_run_id": "o", "sentence": "reproduced: bit-equal"}
    told = recorded({"recipe": recipe, "execution": execution, "reproduction": again})
    assert told["Recipe"].startswith("code aaaaaaaaaaaa   dataset 3 (2,000 rows")
    assert told["Took"] == "90 s   about 0.0046 USD (list prices of us-east-1, 2026-11-26)"
    assert (told["Verdict"], told["Again"]) == ("good", "of run o: reproduced: bit-equal")
    rows = [row["value"] for row in step_rows({"execution": execution})]
    assert rows == ["Succeeded   60 s   12.35 USD", "Executing"]


def test_the_last_words_of_a_failed_step_are_told_with_its_name():
    told = last_words({"execution": {"failed_step": "Train", "log": ["no column late"]}})
    assert told == ["\nlast lines of Train's log:", "no column late"]
    assert last_words({"execution": {"failed_step": "Gate", "log": []}}) == last_words({}) == []


def test_what_is_not_known_is_left_out():
    nothing = dict.fromkeys(("source", "data", "seed", "image", "environment"))
    execution = {"seconds": None, "cost_usd": None, "reason": "", "steps": []}
    told = recorded({"recipe": nothing, "execution": execution})
    assert told == {"Recipe": "", "Took": "cost unknown"}
    assert recorded({}) == {}
