"""`trimtab audit`: who did what, when, and why."""

import click

from trimtab.cli import session


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("list")
@click.argument("model")
@click.option("--limit", default=20, show_default=True)
def list_entries(model: str, limit: int) -> None:
    """List what was decided about a model, newest first."""
    found = list(session.api().items(f"/v1/models/{model}/audit", limit=limit))
    session.show(found, ["at", "actor", "action", "subject", "reason"], found)
