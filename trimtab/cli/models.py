"""`trimtab models`: what there is, what serves, and who may."""

from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import REASON, Noun
from trimtab.cli.output import cell, head, talk


@click.group(cls=Noun)
def models() -> None:
    """Models and their versions."""


@models.command("list", example="trimtab models list --output md")
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


@models.command(example="trimtab models show flight-delays")
@click.argument("model")
def show(model: str) -> None:
    """Show a model: champion, previous version, route, training, versions."""
    facts = session.api().get(session.path(model))
    versions = session.listed(model, "versions", 20)
    if not session.wants_json():
        head(_head(facts))
    columns = ["version", "status", "dataset_version", "created_at", "reason"]
    session.show(versions, columns, {**facts, "versions": versions})
    if not versions:
        session.say_empty(f"{model} has no version yet", model)


@models.command(example='trimtab models approve flight-delays 2 --reason "reviewed"')
@click.argument("model")
@click.argument("version", type=int)
@REASON
def approve(model: str, version: int, reason: str) -> None:
    """Approve a version: it may serve."""
    _decide(model, version, "approve", reason)
    talk(f"Asked to approve version {version} of {model}.  Next: trimtab rollouts list {model}")


@models.command(example='trimtab models reject flight-delays 2 --reason "leaks the target"')
@click.argument("model")
@click.argument("version", type=int)
@REASON
def reject(model: str, version: int, reason: str) -> None:
    """Reject a version: it may not serve."""
    _decide(model, version, "reject", reason)
    talk(f"Asked to reject version {version} of {model}.  Next: trimtab models show {model}")


def _decide(model: str, version: int, verb: str, reason: str) -> None:
    answer = session.api().post(session.path(model, "versions", version, verb), {"reason": reason})
    if session.wants_json():
        session.show([], [], answer)


def _head(facts: dict[str, Any]) -> dict[str, str]:
    route = (facts.get("route") or {}).get("targets", [])
    training = facts.get("training") or {}
    return {
        "Model": f"{facts['name']}   {facts['problem']}   {cell(facts['owner'])}",
        "Champion": _line(facts.get("champion")),
        "Previous": _line(facts.get("previous")),
        "Route": ", ".join(f"v{t['version']} {t['weight']} %" for t in route) or "-",
        "Training": "   ".join(
            cell(training[key]) for key in ("phase", "reason") if training.get(key)
        )
        or "-",
    }


def _version(alias: dict[str, Any] | None) -> str | None:
    return f"v{alias['version']}" if alias else None


def _line(alias: dict[str, Any] | None) -> str:
    if not alias:
        return "-"
    return f"v{alias['version']}   since {cell(alias.get('since'))}   {cell(alias.get('endpoint_name'))}"
