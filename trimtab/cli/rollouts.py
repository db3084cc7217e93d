"""`trimtab rollouts`: how a version gets its traffic, and what people say about that."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, REASON, Noun
from trimtab.cli.moments import span
from trimtab.cli.output import cell, head, talk

LOOK_SECONDS = 15  # between two looks: a rollout is judged once a minute
AGAINST, TIMED_OUT = 3, 4  # exit codes
OPEN = ("pending", "running")
COUNTED = {"unusual": "predictions", "loss": "labelled predictions"}  # instead of requests
VERSION = click.option(
    "--version",
    type=click.IntRange(min=1),
    help="Of the model; the newest with a rollout unless given.",
)


def _weights_of(_: click.Context, param: click.Parameter, text: str | None) -> list[int] | None:
    """Return the weights that an option names."""
    try:
        return None if text is None else [int(part) for part in text.split(",")]
    except ValueError as error:
        wanted = "whole numbers with commas between them, such as 5,25,50"
        raise click.BadParameter(f"{text!r} is not {wanted}", param=param) from error


@click.group(cls=Noun)
def rollouts() -> None:
    """Rollouts of versions."""


@rollouts.command("list", example="trimtab rollouts list flight-delays")
@click.argument("model")
@LIMIT
def list_rollouts(model: str, limit: int) -> None:
    """List a model's rollouts, newest version first."""
    found = session.listed(model, "rollouts", limit)
    rows = [{**one, "weight": _weight(one)} for one in found]
    session.show(rows, ["version", "phase", "weight", "started_at", "ended_at", "reason"], found)
    if not found:
        session.say_empty(f"{model} had no rollout yet", model)


@rollouts.command(example="trimtab rollouts show flight-delays")
@click.argument("model")
@VERSION
def show(model: str, version: int | None) -> None:
    """Show a rollout: its steps, and what its guardrails have counted."""
    _tell(model, _find(model, version))


@rollouts.command(example="trimtab rollouts status flight-delays --wait --timeout 45m")
@click.argument("model")
@VERSION
@click.option("--wait", is_flag=True, help="Until the rollout has ended; each change is told.")
@click.option(
    "--timeout",
    default="45m",
    show_default=True,
    callback=span,
    help="To wait at most, such as 90s, 45m or 6h.",
)
def status(model: str, version: int | None, *, wait: bool, timeout: timedelta) -> None:
    """Say how a rollout stands, for pipelines: exit code 0 promoted (or under way), 3 not, 4 not in time."""
    ends_at = time.monotonic() + timeout.total_seconds()
    found, told = _find(model, version), ""
    while wait and found["phase"] in OPEN:
        if (line := _line(found)) != told:
            talk(line)
            told = line
        left = ends_at - time.monotonic()
        if left <= 0:
            talk(f"version {found['version']} is still {found['phase']} after {timeout}")
            raise click.exceptions.Exit(TIMED_OUT)
        time.sleep(min(LOOK_SECONDS, left))
        found = _find(model, found["version"])
    _tell(model, found)
    if found["phase"] not in (*OPEN, "successful"):
        raise click.exceptions.Exit(AGAINST)


@rollouts.command(example="trimtab rollouts preview flight-delays --alpha 0.01 --weights 10,50")
@click.argument("model")
@click.option("--weights", callback=_weights_of, help="Per cent at each step, such as 5,25,50.")
@click.option("--bake-minutes", type=click.IntRange(min=1), help="Least time at each weight.")
@click.option("--deadline-minutes", type=click.IntRange(min=1), help="Most time at each weight.")
@click.option("--minimum-requests", type=click.IntRange(min=1), help="Of the challenger.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Most chance to stop a version that is no worse.",
)
def preview(model: str, **wish: Any) -> None:
    """Replay a policy of steps on past releases: which would it have stopped? What is not given is model.yaml's."""
    body = {name: value for name, value in wish.items() if value is not None}
    told = session.api().post(session.path(model, "rollouts", "preview"), body)
    columns = ["version", "phase", "verdict", "minutes", "weight", "requests", "reason"]
    session.show(told["releases"], columns, told)
    talk(told["sentence"])


def _order(name: str, does: str) -> Callable[..., None]:
    @rollouts.command(
        name, help=does, example=f'trimtab rollouts {name} flight-delays --reason "…"'
    )
    @click.argument("model")
    @VERSION
    @REASON
    def obey(model: str, version: int | None, reason: str) -> None:
        found = version or _find(model, None)["version"]
        answer = session.api().post(
            session.path(model, "rollouts", found, name), {"reason": reason}
        )
        if session.wants_json():
            session.show([], [], answer)
        talk(f"{answer['sentence']}  Next: trimtab rollouts show {model}")

    return obey


pause = _order("pause", "Keep a rollout at its weight; a breach still ends it.")
resume = _order("resume", "Let a paused rollout go on, with as much time for its step as was left.")
promote = _order("promote", "Give a version all requests at once, whatever its steps have shown.")
abort = _order("abort", "Take a version's requests away; it is not blocked.")
retry = _order("retry", "Begin an ended rollout anew at its first weight.")


def _find(model: str, version: int | None) -> dict[str, Any]:
    if version is None:
        newest = session.listed(model, "rollouts", 1)
        version = newest[0]["version"] if newest else 1  # of none, the API says so
    found: dict[str, Any] = session.api().get(session.path(model, "rollouts", version))
    return found


def _tell(model: str, rollout: dict[str, Any]) -> None:
    if not session.wants_json():
        head(_head(model, rollout))
    columns = ["step", "weight", "phase", "baked", "requests"]
    session.show(_steps(rollout), columns, rollout)


def _head(model: str, rollout: dict[str, Any]) -> dict[str, str]:
    progress, weight = rollout["progress"], _weight(rollout)
    facts = {
        "Rollout": f"{model} v{rollout['version']}  {rollout['phase']}",
        "Reason": cell(rollout["reason"]),
    }
    if progress is None:
        return facts
    if rollout["phase"] in OPEN:
        facts["Champion"] = f"v{progress['champion']}  {100 - weight} %"
        facts["Challenger"] = f"v{rollout['version']}  {weight} %"
    for name, one in progress["readings"].items():
        facts[name.title()] = (
            f"{one['challenger_bad']:,} of {one['challenger_requests']:,} {COUNTED.get(name, 'requests')}, champion"
            f" {one['champion_bad']:,} of {one['champion_requests']:,};"
            f" evidence {one['evidence']:.3g} to 1, limit {one['limit']:g} to 1"
        )
    return facts


def _steps(rollout: dict[str, Any]) -> list[dict[str, Any]]:
    progress = rollout["progress"]
    if progress is None:
        return []
    least, now = progress["steps"]["bake_minutes"], progress["step"]
    ended = rollout["phase"] if rollout["phase"] not in OPEN else "running"
    rows = []
    for at, weight in enumerate(progress["steps"]["weights"]):
        phase = "successful" if at < now else ended if at == now else "pending"
        row: dict[str, Any] = {"step": at + 1, "weight": weight, "phase": phase}
        if at == now:
            row |= {
                "baked": f"{_minutes(progress):.0f}m/{least}m",
                "requests": progress["requests"],
            }
        rows.append(row)
    return rows


def _minutes(progress: dict[str, Any]) -> float:
    judged, began = (
        datetime.fromisoformat(progress[at]) for at in ("judged_until", "step_began_at")
    )
    return max((judged - began).total_seconds() / 60, 0.0)


def _line(rollout: dict[str, Any]) -> str:
    return f"v{rollout['version']}  {rollout['phase']}  {_weight(rollout)} %"


def _weight(rollout: dict[str, Any]) -> int:
    if rollout["phase"] == "successful":
        return 100
    progress = rollout.get("progress")
    if progress is None or rollout["phase"] not in OPEN:
        return 0
    weight: int = progress["steps"]["weights"][progress["step"]]
    return weight
