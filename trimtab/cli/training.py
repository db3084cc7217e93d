"""`trimtab training`: ask for a training run, see what became of those there were, and why there was none."""

from datetime import datetime
from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, REASON, Noun
from trimtab.cli.moments import SINCE, moment
from trimtab.cli.output import cell, head, talk
from trimtab.cli.training_plans import plan_of

OUTCOMES = {
    "TrainingSkipped": "skip",
    "TrainingJoined": "join",
    "TrainingDeferred": "wait",
}
"""What became of a cause that started nothing, by the action of its audit entry."""

NEWEST_ENTRIES = 200  # of the audit trail: months of decisions, in two requests


@click.group(cls=Noun)
def training() -> None:
    """Training runs and their causes."""


@training.command(example='trimtab training request flight-delays --reason "new airline"')
@click.argument("model")
@REASON
@click.option("--sweep", is_flag=True, help="Tune over the sweep of model.yaml.")
@click.option(
    "--warm-start",
    metavar="RUN_OR_JOB",
    help="Tune on from an earlier sweep: `last`, its run, one of its trials, or its tuning job.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a hyperparameter, or another parameter of the pipeline; may be repeated.",
)
@click.option("--force", is_flag=True, help="Even in quiet hours, and over the budget.")
def request(
    model: str,
    reason: str,
    sweep: bool,
    warm_start: str | None,
    changes: tuple[str, ...],
    force: bool,
) -> None:
    """Ask for a training run on the newest dataset version."""
    plan = plan_of(model, sweep=sweep, warm_start=warm_start, changes=changes)
    wish = {"reason": reason, "force": force, "plan": plan}
    answer = session.api().post(session.path(model, "training"), wish)
    if session.wants_json():
        session.show([], [], answer)
    until = f", until {cell(answer['until'])}" if answer.get("until") else ""
    talk(f"{answer['decision']}: {answer['reason']}{until}.  Next: trimtab training list {model}")


@training.command("list", example="trimtab training list flight-delays")
@click.argument("model")
@LIMIT
def list_training(model: str, limit: int) -> None:
    """List a model's training requests, and the causes that started none, newest first."""
    requests = session.listed(model, "training", limit)
    started = [{"outcome": "start", **request} for request in requests]
    found = sorted([*started, *_not_started(model)], key=_at, reverse=True)[:limit]
    columns = ["requested_at", "outcome", "cause", "phase", "dataset_version", "reason", "verdict"]
    session.show(found, columns, found)
    if not found:
        session.say_empty(f"{model} was never trained", model)


@training.command(example="trimtab training why flight-delays --since 12h")
@click.argument("model")
@SINCE
@click.option("--at", callback=moment, help="Asked as if it were then, given as --since is.")
def why(model: str, since: str | None, at: str | None) -> None:
    """Say why a model was trained in the last day, or was not, by every cause and the policy's numbers."""
    span = {name: text for name, text in (("from", since), ("to", at)) if text}
    told = session.api().get(session.path(model, "training", "why"), **span)
    if not session.wants_json():
        head(_head(told))
    columns = ["at", "cause", "outcome", "policy", "value", "limit", "reason"]
    session.show(told["causes"], columns, told)


def _head(told: dict[str, Any]) -> dict[str, str]:
    facts = {"Why": told["sentence"]}
    if run := told["running"]:
        facts["Under way"] = f"request {run['request_id']} since {cell(run['started_at'])}"
    for number, one in enumerate(told["waiting"], 1):
        until = f" until {cell(one['until'])}" if one["until"] else ""
        waits = f"{one['cause']['kind']} waits for {one['waits_for']}{until}: {one['reason']}"
        facts[f"Waits {number}"] = waits
    if budget := told["budget"]:
        facts["Budget"] = _budget(budget)
    return facts


def _budget(left: dict[str, Any]) -> str:
    parts = [
        f"{left[part]:.4g} of {left[f'{part}_most']:.4g} {part.replace('_', '-')}"
        for part in ("runs", "instance_hours")
        if left[part] is not None
    ]
    return f"{' and '.join(parts) or 'no limit'} left, of {left['days']} days"


def _not_started(model: str) -> list[dict[str, Any]]:
    """Return the decisions that started nothing, which only the audit trail keeps."""
    return [
        {"requested_at": entry["at"], "outcome": OUTCOMES[entry["action"]], **_decided(entry)}
        for entry in session.listed(model, "audit", NEWEST_ENTRIES)
        if entry["action"] in OUTCOMES
    ]


def _decided(entry: dict[str, Any]) -> dict[str, Any]:
    decision = (entry.get("after") or {}).get("decision", {})
    return {
        "cause": decision.get("cause", {}).get("kind"),
        "dataset_version": decision.get("dataset_version"),
        "reason": entry["reason"],
    }


def _at(request: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(request["requested_at"])
