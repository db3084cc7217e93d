"""`trimtab data`: dataset versions and quarantine."""

import click

from trimtab.cli import session


@click.group()
def data() -> None:
    """Dataset versions and quarantined files."""


@data.command()
@click.argument("model")
@click.option("--limit", default=20, show_default=True)
def versions(model: str, limit: int) -> None:
    """List a model's dataset versions, newest first."""
    found = list(session.api().items(f"/v1/models/{model}/datasets", limit=limit))
    session.show(found, ["version", "rows", "batch_count", "created_at"], found)


@data.command()
@click.argument("model")
@click.option("--limit", default=20, show_default=True)
def quarantine(model: str, limit: int) -> None:
    """List a model's quarantined files, with the reasons."""
    found = list(session.api().items(f"/v1/models/{model}/quarantine", limit=limit))
    session.show(found, ["at", "key", "reason", "report_uri"], found)
