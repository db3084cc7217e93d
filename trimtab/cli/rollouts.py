"""`trimtab rollouts` and `trimtab rollback`: how a version got its traffic, and how it loses it."""

import click

from trimtab.cli import session
from trimtab.cli.output import talk


@click.group()
def rollouts() -> None:
    """Rollouts of versions."""


@rollouts.command("list")
@click.argument("model")
@click.option("--limit", default=20, show_default=True)
def list_rollouts(model: str, limit: int) -> None:
    """List a model's rollouts, newest version first."""
    found = list(session.api().items(f"/v1/models/{model}/rollouts", limit=limit))
    session.show(found, ["version", "phase", "started_at", "ended_at", "reason"], found)


@click.command()
@click.argument("model")
@click.option("--reason", required=True, help="Why; stands in the audit trail.")
def rollback(model: str, reason: str) -> None:
    """Return all traffic to the version before, and block the one that is left."""
    answer = session.api().post(f"/v1/models/{model}/rollback", {"reason": reason})
    if session.wants_json():
        session.show([], [], answer)
    talk(f"{answer['sentence']}  Next: trimtab models show {model}")
