"""`trimtab quality`: how good a model's predictions were, by their labels."""

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, Noun
from trimtab.cli.output import talk


@click.group(cls=Noun)
def quality() -> None:
    """How good predictions were, by the labels that came for them."""


@quality.command("list", example="trimtab quality list flight-delays")
@click.argument("model")
@LIMIT
def list_windows(model: str, limit: int) -> None:
    """List the windows of a champion's predictions that were held against their labels, newest first."""
    found = session.listed(model, "quality", limit)
    rows = [{**one, **{name: _measured(m) for name, m in one["metrics"].items()}} for one in found]
    measured = list(dict.fromkeys(name for one in found for name in one["metrics"]))
    columns = ["start", "version", "state", "predictions", "labels", *measured, "reason"]
    session.show(rows, columns, found)
    if not found:
        talk(
            f"no window of {model} is judged by labels yet: that is done once they have had their time"
        )


def _measured(metric: dict[str, float | None]) -> str:
    return f"{metric['value']:.4g} ({metric['low']:.4g} to {metric['high']:.4g})"
