"""`trimtab labels wanted`: what is asked of the API, and how its answer is shown."""

from typing import Any

import pytest
from click.testing import CliRunner

from trimtab.cli import session
from trimtab.cli.main import trimtab

ONE = {
    "inference_id": "0193a8f0c1d27b3c9c1f2a4b5d6e7f80",
    "row": 3,
    "version": 7,
    "at": "2026-11-09T08:00:00Z",
    "prediction": 0.4871,
    "why": "uncertain",
    "weight": None,
}


def ask(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], *words: str) -> Any:
    asked: list[tuple[str, dict[str, Any]]] = []

    class Deployment:
        """Answers, and remembers what it was asked."""

        def get(self, path: str, **query: Any) -> dict[str, Any]:
            asked.append((path, query))
            return answer

    monkeypatch.setattr(session, "api", Deployment)
    ended = CliRunner().invoke(trimtab, ["labels", "wanted", "churn", *words])
    assert ended.exit_code == 0, ended.output
    return asked, ended.output


def test_predictions_that_are_worth_a_label_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"day": "2026-11-09", "items": [ONE]}
    asked, shown = ask(monkeypatch, answer, "--day", "2026-11-09")
    [(path, query)] = asked
    assert path == "/v1/models/churn/labels/wanted"
    assert query["day"].startswith("2026-11-09")
    head, row = shown.splitlines()
    assert head.split() == [
        "INFERENCE",
        "ID",
        "ROW",
        "VERSION",
        "AT",
        "PREDICTION",
        "WHY",
        "WEIGHT",
    ]
    assert row.split() == [
        ONE["inference_id"],
        "3",
        "7",
        "2026-11-09",
        "08:00:00Z",
        "0.4871",
        "uncertain",
        "-",
    ]


@pytest.mark.parametrize(
    ("day", "said"), [(None, "a label\n"), ("2026-11-09", "a label of 2026-11-09\n")]
)
def test_where_nothing_waits_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, day: str | None, said: str
) -> None:
    asked, shown = ask(monkeypatch, {"day": day, "items": []})
    assert asked == [("/v1/models/churn/labels/wanted", {"day": None})]
    assert f"nothing of churn waits for {said}" in shown
