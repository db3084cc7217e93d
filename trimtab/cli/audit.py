"""`trimtab audit`: who did what, when, and why."""

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, Noun


@click.group(cls=Noun)
def audit() -> None:
    """The audit trail."""


@audit.command("list", example="trimtab audit list flight-delays --limit 5")
@click.argument("model")
@LIMIT
def list_entries(model: str, limit: int) -> None:
    """List what was decided about a model, newest first."""
    found = session.listed(model, "audit", limit)
    rows = [{**entry, "actor": session.who(entry.get("actor"))} for entry in found]
    session.show(rows, ["at", "actor", "action", "subject", "reason"], found)
    if not found:
        session.say_empty(f"nothing was decided about {model} yet", model)
