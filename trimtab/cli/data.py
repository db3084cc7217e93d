"""`trimtab data`: dataset versions and quarantine."""

from pathlib import Path
from typing import Any

import click

from trimtab.cli import contracts, session
from trimtab.cli.command import LIMIT, REASON, Noun
from trimtab.cli.downloads import fetch
from trimtab.cli.output import cell, head, talk
from trimtab.domain.datasets import INCOMING, Arrival
from trimtab.errors import NotFound

VERSION_ID = click.option("--version-id", help="Which upload of the key; the newest unless given.")


@click.group(cls=Noun)
def data() -> None:
    """Dataset versions, quarantined files, contracts."""


for command in (contracts.infer, contracts.check, contracts.contract):
    data.add_command(command)


@data.command(example="trimtab data versions flight-delays")
@click.argument("model")
@LIMIT
def versions(model: str, limit: int) -> None:
    """List a model's dataset versions, newest first."""
    found = session.listed(model, "datasets", limit)
    session.show(found, ["version", "rows", "batch_count", "created_at"], found)
    if not found:
        session.say_empty(f"{model} has no dataset version yet", model)


@data.command(example="trimtab data show flight-delays 3")
@click.argument("model")
@click.argument("version", type=int)
def show(model: str, version: int) -> None:
    """Show a dataset version: why it exists, and its batches, newest first."""
    facts = session.api().get(session.path(model, "datasets", version))
    batches = list(session.api().items(session.path(model, "datasets", version, "batches")))
    if not session.wants_json():
        head(
            {
                "Dataset": f"{model} {version}   {facts['rows']:,} rows   {cell(facts['created_at'])}",
                "Why": facts["reason"],
                "Profile": cell(facts["profile_uri"]),
            }
        )
    rows = [{**one, "released_by": _released_by(one)} for one in batches]
    columns = ["key", "rows", "size", "format", "accepted_at", "released_by"]
    session.show(rows, columns, {**facts, "batches": batches})


@data.command(example="trimtab data diff flight-delays 2 3")
@click.argument("model")
@click.argument("base", type=int)
@click.argument("version", type=int)
def diff(model: str, base: int, version: int) -> None:
    """Show what differs between two dataset versions, and which features moved most."""
    told = session.api().get(session.path(model, "datasets", version, "diff"), base=base)
    if not session.wants_json():
        head(
            {
                "Dataset": told["sentence"],
                "Added": ", ".join(told["batches_added"]) or "-",
                "Removed": ", ".join(told["batches_removed"]) or "-",
                "Columns": _columns(told),
            }
        )
    session.show(told["moved"], ["column", "distance", "how"], told)


@data.command(example="trimtab data get flight-delays 3 --to data/")
@click.argument("model")
@click.argument("version", type=int)
@click.option(
    "--to", type=click.Path(path_type=Path), default=".", help="Folder; this one unless given."
)
def get(model: str, version: int, to: Path) -> None:
    """Fetch the files of a dataset version, exactly those it was made of."""
    batches = list(session.api().items(session.path(model, "datasets", version, "batches")))
    rows = [{"file": str(fetch(one, to)), "rows": one["rows"]} for one in batches]
    session.show(rows, ["file", "rows"], rows)


@data.command(example="trimtab data quarantine flight-delays --output json")
@click.argument("model")
@LIMIT
def quarantine(model: str, limit: int) -> None:
    """List a model's quarantined files, the reasons, and where the report with the values lies."""
    found = session.listed(model, "quarantine", limit)
    rows = [{**each, "closed": (each.get("closing") or {}).get("verdict")} for each in found]
    session.show(rows, ["at", "key", "closed", "reason", "report_uri"], found)
    if not found:
        talk(f"no file of {model} is in quarantine")


@data.command(example='trimtab data release incoming/flight-delays/may.csv --reason "a strike"')
@click.argument("key")
@VERSION_ID
@REASON
def release(key: str, version_id: str | None, reason: str) -> None:
    """Accept a quarantined file after all: it makes the next dataset version, which says so."""
    answer = _close(key, version_id, "release", reason)
    talk(f"{answer['reason']}.  Next: trimtab data versions {answer['model']}")


@data.command(example='trimtab data reject incoming/flight-delays/may.csv --reason "wrong year"')
@click.argument("key")
@VERSION_ID
@REASON
def reject(key: str, version_id: str | None, reason: str) -> None:
    """Close the quarantine of a file: it stays out for good."""
    answer = _close(key, version_id, "reject", reason)
    talk(f"{answer['reason']}.  Next: trimtab data quarantine {answer['model']}")


def _close(key: str, version_id: str | None, verb: str, reason: str) -> dict[str, Any]:
    """Close the quarantine of the newest upload under the key, or of the one that is named."""
    arrival = Arrival(key=key if key.startswith(INCOMING) else INCOMING + key, version_id="")
    found = [
        each
        for each in session.api().items(session.path(arrival.model, "quarantine"))
        if each["key"] == arrival.key and version_id in (None, each["version_id"])
    ]
    if not found:
        raise NotFound(
            f"{arrival.key} is not in quarantine",
            hint=f"trimtab data quarantine {arrival.model} lists what is",
        )
    # The newest that is open; where none is, the newest, which answers how it was closed.
    chosen = next((each for each in found if not each.get("closing")), found[0])
    path = session.path(arrival.model, "quarantine", chosen["id"], verb)
    answer: dict[str, Any] = session.api().post(path, {"reason": reason})
    if session.wants_json():
        session.show([], [], answer)
    return answer


def _released_by(batch: dict[str, Any]) -> str | None:
    return session.who((batch.get("release") or {}).get("actor"))


def _columns(told: dict[str, Any]) -> str:
    parts = [f"+{name}" for name in told["columns_added"]]
    parts += [f"-{name}" for name in told["columns_removed"]]
    parts += [f"{c['column']} {c['before']} → {c['after']}" for c in told["columns_retyped"]]
    return ", ".join(parts) or "the same"
