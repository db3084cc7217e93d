"""`trimtab lineage`: what was made of what, both ways."""

import click

from trimtab.cli import session
from trimtab.cli.command import Noun
from trimtab.cli.output import talk


@click.group(cls=Noun)
def lineage() -> None:
    """What a thing was made of, and what was made of it."""


@lineage.command(example="trimtab lineage show file:incoming/flight-delays/may.csv --down")
@click.argument("thing")
@click.option("--up", "direction", flag_value="up", help="Only what it was made of.")
@click.option("--down", "direction", flag_value="down", help="Only what was made of it.")
def show(thing: str, direction: str | None) -> None:
    """Show the lineage of a thing, named KIND:NAME.

    Kinds are file, dataset, training, run, version, endpoint, report, and data for what runs call by a digest:
    dataset:flight-delays/3, run:<id>, version:flight-delays/2, training:flight-delays/<request>, endpoint:<name>.
    """
    found = session.api().get("/v1/lineage", of=thing, direction=direction or "both")
    columns = ["kind", "id", "at", "made_of", "says"]
    sources: dict[str, list[str]] = {}
    for link in found["links"]:
        sources.setdefault(link["target"], []).append(link["source"])
    rows = [
        {**one, "made_of": _sources(sources.get(f"{one['kind']}:{one['id']}", []))}
        for one in (*found["of"], *found["things"])
    ]
    session.show(rows, columns, found)
    if not found["complete"]:
        talk("there is more than is shown; ask for a thing further on")


def _sources(refs: list[str]) -> str:
    """One source by its name, many by their number."""
    if len(refs) > 1:
        return f"{len(refs)} things"
    return refs[0] if refs else ""
