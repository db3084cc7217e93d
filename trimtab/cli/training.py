"""`trimtab training`: ask for a training run, and see what became of those there were."""

import re
from datetime import datetime
from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, REASON, Noun
from trimtab.cli.output import talk

NO_RUN = ("TrainingSkipped", "TrainingDeferred")  # actions of the audit trail
AUDITED, SAID = 100, 3  # entries looked through, and told of

NOT_STARTED = ("TrainingSkipped", "TrainingDeferred")
NEWEST_ENTRIES = 200  # of the audit trail: months of decisions, in two requests


@click.group(cls=Noun)
def training() -> None:
    """Training runs and their causes."""


@training.command(example='trimtab training request flight-delays --reason "new airline"')
@click.argument("model")
@REASON
def request(model: str, reason: str) -> None:
    """Ask for a training run on the newest dataset version."""
    answer = session.api().post(session.path(model, "training"), {"reason": reason})
    if session.wants_json():
        session.show([], [], answer)
    talk(f"{answer.get('reason', 'Asked.')}  Next: trimtab training list {model}")


@training.command("list", example="trimtab training list flight-delays")
@click.argument("model")
@LIMIT
def list_training(model: str, limit: int) -> None:
    """List a model's training requests, and what was no reason to train, newest first."""
    requests = session.listed(model, "training", limit)
    started = [{"action": "TrainingRequested", **request} for request in requests]
    found = sorted([*started, *_not_started(model)], key=_at, reverse=True)[:limit]
    columns = ["requested_at", "action", "cause", "phase", "dataset_version", "reason", "verdict"]
    session.show(found, columns, found)
    if not found:
        session.say_empty(f"{model} was never trained", model)


def _not_started(model: str) -> list[dict[str, Any]]:
    """Return the decisions that started nothing, which only the audit trail keeps."""
    return [
        {
            "requested_at": entry["at"],
            "action": entry["action"],
            "dataset_version": _number(entry["subject"]),
            "reason": entry["reason"],
        }
        for entry in session.listed(model, "audit", NEWEST_ENTRIES)
        if entry["action"] in NOT_STARTED
    ]


def _at(request: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(request["requested_at"])


def _number(subject: str) -> int | None:
    """The dataset version that an entry's subject ends with."""
    found = re.search(r"\d+$", subject)
    return int(found[0]) if found else None
