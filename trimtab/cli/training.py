"""`trimtab training`: ask for a training run, and see what became of those there were."""

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, REASON, Noun
from trimtab.cli.output import talk

NO_RUN = ("TrainingSkipped", "TrainingDeferred")  # actions of the audit trail
AUDITED, SAID = 100, 3  # entries looked through, and told of


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
    """List a model's training requests, newest first, and what was no reason for a run of its own."""
    found = session.listed(model, "training", limit)
    session.show(found, ["requested_at", "cause", "phase", "dataset_version", "reason"], found)
    if not found:
        session.say_empty(f"{model} was never trained", model)
    if not session.wants_json():
        _say_why_not(model)


def _say_why_not(model: str) -> None:
    """The audit trail tells it; JSON is for programs, which read that themselves."""
    entries = session.listed(model, "audit", AUDITED)
    passed_over = [entry for entry in entries if entry["action"] in NO_RUN]
    for entry in passed_over[:SAID]:
        talk(f"no run of its own at {entry['at'][:19]}: {entry['reason']}")
    if passed_over[SAID:]:
        talk(f"and {len(passed_over) - SAID} more, see: trimtab audit list {model}")
