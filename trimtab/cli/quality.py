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
    """List the windows of a champion's predictions, newest first: by their labels, or as estimated until these come."""
    judged = session.listed(model, "quality", limit)
    known = {(one["version"], one["start"]) for one in judged}
    immature = [
        {**one, "state": "immature", **one["estimate"]}
        for one in session.listed(model, "drift", limit)
        if one.get("estimate") and (one["version"], one["start"]) not in known
    ]
    found = [*immature, *judged][:limit]
    rows = [{**one, **{name: _measured(m) for name, m in one["metrics"].items()}} for one in found]
    measured = list(dict.fromkeys(name for one in found for name in one["metrics"]))
    columns = ["start", "version", "state", "predictions", "labels", *measured, "reason"]
    session.show(rows, columns, found)
    if not found:
        talk(f"no window of {model} is over yet")


def _measured(metric: dict[str, float | None]) -> str:
    usual = "" if metric.get("usual") is None else f", usual {metric['usual']:.4g}"
    return f"{metric['value']:.4g} ({metric['low']:.4g} to {metric['high']:.4g}{usual})"
