"""`trimtab training`: ask for a training run, and see why there was one or none."""

import click

from trimtab.cli import session
from trimtab.cli.output import talk


@click.group()
def training() -> None:
    """Training runs and their causes."""


@training.command()
@click.argument("model")
@click.option("--reason", required=True, help="Why; stands in the audit trail.")
def request(model: str, reason: str) -> None:
    """Ask for a training run on the newest dataset version."""
    answer = session.api().post(f"/v1/models/{model}/training", {"reason": reason})
    if session.wants_json():
        session.show([], [], answer)
    talk(f"{answer.get('reason', 'Asked.')}  Next: trimtab training list {model}")


@training.command("list")
@click.argument("model")
@click.option("--limit", default=20, show_default=True)
def list_training(model: str, limit: int) -> None:
    """List a model's training requests, newest first."""
    found = list(session.api().items(f"/v1/models/{model}/training", limit=limit))
    session.show(found, ["requested_at", "cause", "phase", "dataset_version", "reason"], found)
