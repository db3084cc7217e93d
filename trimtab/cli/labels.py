"""`trimtab labels`: what became true of predictions."""

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, Answering, Noun
from trimtab.cli.moments import moment
from trimtab.cli.output import talk


@click.group(cls=Noun)
def labels() -> None:
    """Labels of predictions: what became true of each."""


@labels.command("list", example="trimtab labels list flight-delays")
@click.argument("model")
@LIMIT
def list_collections(model: str, limit: int) -> None:
    """List the files and requests that brought labels, newest first, and what became of them."""
    found = session.listed(model, "labels", limit)
    counts = ["received", "new", "repeated", "corrected", "outdated", "unknown", "refused"]
    session.show(found, ["received_at", "source", *counts], found)
    if not found:
        talk(f"no label of {model} came yet; put a file under labels/{model}/ of the data bucket")


@labels.command(cls=Answering, example="trimtab labels wanted flight-delays --day 2026-11-27")
@click.argument("model")
@click.option("--day", callback=moment, help="Of which day (UTC); the newest unless given.")
def wanted(model: str, day: str | None) -> None:
    """List predictions without a label that are worth one: a sample, then those the model is least certain of."""
    found = session.api().get(session.path(model, "labels", "wanted"), day=day)
    columns = ["inference_id", "row", "version", "at", "prediction", "why", "weight"]
    session.show(found["items"], columns, found)
    if not found["items"]:
        talk(
            f"nothing of {model} waits for a label"
            + (f" of {found['day']}" if found["day"] else "")
        )


@labels.command(example="trimtab labels tell flight-delays 0193a8f0c1d27b3c9c1f2a4b5d6e7f80 1")
@click.argument("model")
@click.argument("inference_id")
@click.argument("label", type=float)
@click.option(
    "--row", type=click.IntRange(min=0), default=0, help="Row of the request; 0 is first."
)
@click.option("--observed-at", callback=moment, help="When it was so; now unless given.")
def tell(model: str, inference_id: str, label: float, row: int, observed_at: str | None) -> None:
    """Tell what became true of one prediction."""
    one = {"inference_id": inference_id, "row": row, "label": label, "observed_at": observed_at}
    told = session.api().post(session.path(model, "labels"), {"labels": [one]})
    session.show([], [], told) if session.wants_json() else talk(_outcome(told))


def _outcome(told: dict[str, int]) -> str:
    outcomes = {
        "new": "it is the first label of this prediction",
        "repeated": "this was known",
        "corrected": "it holds from now on in place of the label before",
        "outdated": "a label that was observed later is known, and stays",
        "unknown": "no prediction has this id yet; it is kept for a day, and counts if one arrives",
    }
    return next(sentence for name, sentence in outcomes.items() if told[name])
