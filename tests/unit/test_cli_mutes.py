"""`trimtab drift mute`: what is asked of the API, and how its answer is shown."""

from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from trimtab.cli import session
from trimtab.cli.main import trimtab

MUTE = {
    "columns": ["temp"],
    "cause": None,
    "until": "2027-01-01T00:00:00Z",
    "reason": "new sensors",
}
MUTED = {"mute": MUTE, "actor": "ana", "at": "2026-11-09T08:00:00Z"}


class Deployment:
    """Answers with what is muted, and remembers what it was asked."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self._items = list(items)
        self.said: list[tuple[str, dict[str, Any]]] = []

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.said.append((path, body))
        return {"items": self._items}

    def items(self, path: str, *, limit: int) -> list[dict[str, Any]]:
        assert path == "/v1/models/churn/drift/mutes"
        return self._items[:limit]


def run(there: Deployment, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    monkeypatch.setattr(session, "api", lambda: there)
    return CliRunner().invoke(trimtab, ["drift", *words])


def test_columns_are_muted_for_so_many_days(monkeypatch: pytest.MonkeyPatch):
    there = Deployment(MUTED)
    words = ["mute", "churn", "temp", "humid", "--until", "14d", "--reason", "new sensors"]
    result = run(there, monkeypatch, *words)
    assert result.exit_code == 0, result.output
    ((path, body),) = there.said
    assert path == "/v1/models/churn/drift/mute"
    assert (body["columns"], body["kind"], body["reason"]) == (
        ("temp", "humid"),
        None,
        "new sensors",
    )
    ahead = datetime.fromisoformat(body["until"]) - datetime.now(UTC)
    assert 13 < ahead.total_seconds() / 86400 <= 14
    assert "new sensors" in result.output


def test_a_kind_is_unmuted_and_nothing_is_left(monkeypatch: pytest.MonkeyPatch):
    there = Deployment()
    result = run(there, monkeypatch, "unmute", "churn", "--kind", "prediction", "--reason", "seen")
    assert there.said == [
        ("/v1/models/churn/drift/unmute", {"columns": (), "kind": "prediction", "reason": "seen"})
    ]
    assert "everybody is told of all drift of churn" in result.output


def test_what_is_muted_is_listed(monkeypatch: pytest.MonkeyPatch):
    result = run(Deployment(MUTED), monkeypatch, "mutes", "churn")
    assert result.exit_code == 0
    assert "temp" in result.output


def test_a_time_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch):
    words = ["mute", "churn", "--until", "soon", "--reason", "x"]
    result = run(Deployment(), monkeypatch, *words)
    assert result.exit_code == 2
    assert "'soon' is not a time to come such as 14d" in result.output
