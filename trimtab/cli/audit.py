"""`trimtab audit`: who did what, when, and why."""

from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, Noun
from trimtab.cli.moments import SINCE, UNTIL
from trimtab.cli.output import talk


@click.group(cls=Noun)
def audit() -> None:
    """The audit trail."""


@audit.command("list", example="trimtab audit list --actor user/ann --since 14d")
@click.argument("model", required=False)
@click.option("--actor", help="Who did it: an ARN, what follows the account in one, or a function.")
@click.option("--subject", help='What was changed, such as "version 2".')
@click.option("--action", help="What was done, such as RolloutPromoted.")
@SINCE
@UNTIL
@LIMIT
def list_entries(model: str | None, limit: int, **wanted: str | None) -> None:
    """List what was decided, about a model or about all, newest first."""
    found = _entries(model, limit, wanted)
    rows = [{**entry, "actor": session.who(entry.get("actor"))} for entry in found]
    columns = ["at", "actor", "action", "subject", "reason"]
    session.show(rows, columns if model else ["at", "model", *columns[1:]], found)
    if not found and not any(wanted.values()) and model:
        session.say_empty(f"nothing was decided about {model} yet", model)
    elif not found:
        talk("nothing in the audit trail is that")


def _entries(model: str | None, limit: int, wanted: dict[str, str | None]) -> list[dict[str, Any]]:
    if model and not any(wanted.values()):
        return session.listed(model, "audit", limit)  # which also knows what no model is
    query = {"from": wanted.pop("since"), "to": wanted.pop("until"), "model": model, **wanted}
    return list(session.api().items("/v1/audit", limit=limit, **query))
