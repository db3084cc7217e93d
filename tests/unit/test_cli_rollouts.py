"""`trimtab rollouts`: how a rollout is shown, waited for and spoken of."""

import itertools
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from trimtab.cli import rollouts, session
from trimtab.cli.main import trimtab
from trimtab.errors import NotFound

READING = {
    "champion_requests": 2280,
    "champion_bad": 12,
    "challenger_requests": 120,
    "challenger_bad": 3,
    "evidence": 2.31,
    "limit": 20.0,
}
PROGRESS = {
    "champion": 6,
    "steps": {"weights": [5, 10, 25, 50], "bake_minutes": 30},
    "step": 1,
    "judged_until": "2026-11-09T08:17:00Z",
    "step_began_at": "2026-11-09T08:10:00Z",
    "requests": 61,
    "readings": {"failed": READING},
}


def rollout(phase: str = "running", version: int = 7, **changed: Any) -> dict[str, Any]:
    told = {
        "version": version,
        "phase": phase,
        "reason": "7 of 30 minutes",
        "started_at": "2026-11-09T08:00:00Z",
        "ended_at": None,
        "progress": PROGRESS,
    }
    return {**told, **changed}


class Deployment:
    """Has these rollouts, one after another; the last for ever."""

    def __init__(self, *found: dict[str, Any]) -> None:
        self._found = itertools.chain(found, itertools.repeat(found[-1] if found else {}))
        self._none = not found
        self.said: list[tuple[str, dict[str, str]]] = []

    def items(self, path: str, *, limit: int) -> list[dict[str, Any]]:
        assert path == "/v1/models/churn/rollouts"
        return [] if self._none else [rollout()][:limit]

    def get(self, path: str) -> dict[str, Any]:
        if self._none:
            raise NotFound("churn has no rollout of version 1", hint="GET … lists those it has")
        assert path == "/v1/models/churn/rollouts/7"
        return next(self._found)

    def post(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        self.said.append((path, body))
        return {"sentence": "Version 7 keeps 10 % of the requests.", "changed": True}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(deployment: Deployment, *words: str) -> Result:
        monkeypatch.setattr(session, "api", lambda: deployment)
        monkeypatch.setattr(rollouts, "LOOK_SECONDS", 0.001)
        return CliRunner().invoke(trimtab, ["rollouts", *words], standalone_mode=False)

    return run


def test_a_rollout_is_shown_with_its_steps_and_what_was_counted(run: Any) -> None:
    told = run(Deployment(rollout()), "show", "churn").output
    assert "Rollout     churn v7  running" in told
    assert "Champion    v6  90 %" in told
    assert "Challenger  v7  10 %" in told
    assert (
        "Failed      3 of 120 requests, champion 12 of 2,280; evidence 2.31 to 1, limit 20 to 1"
        in told
    )
    lines = [line.split() for line in told.splitlines()[-4:]]
    assert lines == [
        ["1", "5", "successful", "-", "-"],
        ["2", "10", "running", "7m/30m", "61"],
        ["3", "25", "pending", "-", "-"],
        ["4", "50", "pending", "-", "-"],
    ]


@pytest.mark.parametrize(
    ("phase", "code"), [("successful", 0), ("failed", 3), ("inconclusive", 3), ("running", 0)]
)
def test_the_status_is_an_exit_code(run: Any, phase: str, code: int) -> None:
    assert (run(Deployment(rollout(phase)), "status", "churn").return_value or 0) == code


def test_a_pipeline_waits_for_the_end_and_hears_each_change_once(run: Any) -> None:
    further = rollout(progress={**PROGRESS, "step": 2})
    deployment = Deployment(rollout(), rollout(), further, rollout("successful"))
    told = run(deployment, "status", "churn", "--wait")
    assert not told.return_value
    assert told.output.count("v7  running  10 %") == 1
    assert told.output.count("v7  running  25 %") == 1


def test_a_pipeline_waits_no_longer_than_it_says(run: Any) -> None:
    told = run(Deployment(rollout()), "status", "churn", "--wait", "--timeout", "0s")
    assert told.return_value == 4
    assert "version 7 is still running after 0:00:00" in told.output


def test_a_timeout_that_is_none_is_refused(run: Any) -> None:
    told = run(Deployment(rollout()), "status", "churn", "--timeout", "soon")
    assert isinstance(told.exception, click.BadParameter)
    assert "'soon' is not a length of time such as 90s, 45m or 6h" in str(told.exception)


@pytest.mark.parametrize("order", ["pause", "resume", "promote", "abort", "retry"])
def test_what_is_said_of_a_rollout_goes_to_the_newest(run: Any, order: str) -> None:
    deployment = Deployment(rollout())
    told = run(deployment, order, "churn", "--reason", "the weekend comes")
    assert deployment.said == [
        (f"/v1/models/churn/rollouts/7/{order}", {"reason": "the weekend comes"})
    ]
    assert "Version 7 keeps 10 % of the requests.  Next: trimtab rollouts show churn" in told.output


def test_a_rollout_without_steps_is_shown_by_its_reason_alone(run: Any) -> None:
    told = run(Deployment(rollout("pending", progress=None)), "show", "churn").output
    assert "Challenger" not in told
    assert isinstance(run(Deployment(), "show", "churn").exception, NotFound)


def test_a_policy_is_replayed_on_past_releases(monkeypatch: pytest.MonkeyPatch):
    release = {
        "version": 6,
        "phase": "successful",
        "verdict": "stopped",
        "minutes": 12,
        "weight": 5,
        "requests": 700,
        "reason": "failed: 9 of 700",
    }
    sentence = "would have aborted 1 of 1 good releases and stopped 0 of 0 bad ones"
    said: list[tuple[str, dict[str, Any]]] = []

    class Api:
        def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
            said.append((path, body))
            return {"releases": [release], "sentence": sentence}

    monkeypatch.setattr(session, "api", Api)
    words = ["rollouts", "preview", "churn", "--alpha", "0.01", "--weights", "10,50"]
    result = CliRunner().invoke(trimtab, words)
    assert result.exit_code == 0, result.output
    assert said == [("/v1/models/churn/rollouts/preview", {"alpha": 0.01, "weights": [10, 50]})]
    assert sentence in result.output
    assert "stopped" in result.output
    refused = CliRunner().invoke(trimtab, [*words[:3], "--weights", "ten"])
    assert refused.exit_code == 2
    assert "'ten' is not whole numbers" in refused.output
