"""`trimtab models`: what there is, what serves, and who may."""

from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.output import talk


@click.group()
def models() -> None:
    """Models and their versions."""


@models.command("list")
def list_models() -> None:
    """List the models of the deployment."""
    found = list(session.api().items("/v1/models"))
    rows = [
        {
            "name": model["name"],
            "champion": _version(model.get("champion")),
            "since": (model.get("champion") or {}).get("since"),
            "training": (model.get("training") or {}).get("phase"),
        }
        for model in found
    ]
    session.show(rows, ["name", "champion", "since", "training"], found)


@models.command()
@click.argument("model")
def show(model: str) -> None:
    """Show a model: champion, previous version, route, versions."""
    api = session.api()
    facts = api.get(f"/v1/models/{model}")
    versions = list(api.items(f"/v1/models/{model}/versions", limit=20))
    if not session.wants_json():
        click.echo(f"Model     {facts['name']}   {facts['problem']}   {facts['owner'] or '-'}")
        click.echo(f"Champion  {_line(facts.get('champion'))}")
        click.echo(f"Previous  {_line(facts.get('previous'))}")
        route = (facts.get("route") or {}).get("targets", [])
        click.echo(
            "Route     " + (", ".join(f"v{t['version']} {t['weight']} %" for t in route) or "-")
        )
        click.echo("")
    columns = ["version", "status", "dataset_version", "created_at", "reason"]
    session.show(versions, columns, {**facts, "versions": versions})


@models.command()
@click.argument("model")
@click.argument("version", type=int)
@click.option("--reason", required=True, help="Why; stands in the audit trail.")
def approve(model: str, version: int, reason: str) -> None:
    """Approve a version: it may serve."""
    _decide(model, version, "approve", reason)
    talk(f"Asked to approve version {version} of {model}.  Next: trimtab rollouts list {model}")


@models.command()
@click.argument("model")
@click.argument("version", type=int)
@click.option("--reason", required=True, help="Why; stands in the audit trail.")
def reject(model: str, version: int, reason: str) -> None:
    """Reject a version: it may not serve."""
    _decide(model, version, "reject", reason)
    talk(f"Asked to reject version {version} of {model}.  Next: trimtab models show {model}")


def _decide(model: str, version: int, verb: str, reason: str) -> None:
    answer = session.api().post(f"/v1/models/{model}/versions/{version}/{verb}", {"reason": reason})
    if session.wants_json():
        session.show([], [], answer)


def _version(alias: dict[str, Any] | None) -> str | None:
    return f"v{alias['version']}" if alias else None


def _line(alias: dict[str, Any] | None) -> str:
    if not alias:
        return "-"
    return f"v{alias['version']}   since {alias.get('since') or '-'}   {alias.get('endpoint_name') or '-'}"
