"""`trimtab training`: ask for a training run, and see what became of those there were."""

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, REASON, Noun
from trimtab.cli.output import talk


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
    """List a model's training requests, newest first."""
    found = session.listed(model, "training", limit)
    session.show(found, ["requested_at", "cause", "phase", "dataset_version", "reason"], found)
    if not found:
        session.say_empty(f"{model} was never trained", model)
