"""`trimtab data`: dataset versions and quarantine."""

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, Noun
from trimtab.cli.output import talk


@click.group(cls=Noun)
def data() -> None:
    """Dataset versions and quarantined files."""


@data.command(example="trimtab data versions flight-delays")
@click.argument("model")
@LIMIT
def versions(model: str, limit: int) -> None:
    """List a model's dataset versions, newest first."""
    found = session.listed(model, "datasets", limit)
    session.show(found, ["version", "rows", "batch_count", "created_at"], found)
    if not found:
        session.say_empty(f"{model} has no dataset version yet", model)


@data.command(example="trimtab data quarantine flight-delays --output json")
@click.argument("model")
@LIMIT
def quarantine(model: str, limit: int) -> None:
    """List a model's quarantined files, the reasons, and where the report with the values lies."""
    found = session.listed(model, "quarantine", limit)
    session.show(found, ["at", "key", "reason", "report_uri"], found)
    if not found:
        talk(f"no file of {model} is in quarantine")
