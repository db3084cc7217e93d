"""`trimtab rollouts` and `trimtab rollback`: how a version got its traffic, and how it loses it."""

import sys
from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, REASON, Answering, Noun
from trimtab.cli.output import talk


@click.group(cls=Noun)
def rollouts() -> None:
    """Rollouts of versions."""


@rollouts.command("list", example="trimtab rollouts list flight-delays")
@click.argument("model")
@LIMIT
def list_rollouts(model: str, limit: int) -> None:
    """List a model's rollouts, newest version first."""
    found = session.listed(model, "rollouts", limit)
    session.show(found, ["version", "phase", "started_at", "ended_at", "reason"], found)
    if not found:
        session.say_empty(f"{model} had no rollout yet", model)


@click.command(
    cls=Answering, example='trimtab rollback flight-delays --reason "v2 calls every flight late"'
)
@click.argument("model")
@REASON
@click.option(
    "--from",
    "leave",
    type=click.IntRange(min=1),
    help="The champion to leave; after a rollback, this is how to go back further.",
)
@click.option("--dry-run", is_flag=True, help="Show what would move; move nothing.")
@click.option("--yes", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
def rollback(model: str, reason: str, leave: int | None, *, dry_run: bool, yes: bool) -> None:
    """Return all traffic to the version before, and block the one that is left.

    On a terminal it asks first, and then leaves only the champion that was shown. A script need not say --yes: its
    --reason is deliberate enough, and a rollback that waits for an answer is worse than none. Repeated, it does
    nothing twice.
    """
    api = session.api()
    champion, previous = _ends(api.get(session.path(model)))
    if dry_run or not yes:
        talk(f"champion of {model}: {_name(champion)} → {_name(previous)}")
    if dry_run:
        talk("Nothing was moved.")
        return
    if previous and not yes and sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm(f"Roll back and block {_name(champion)}?", abort=True, err=True)
        leave = leave or champion
    body = {"reason": reason} | ({"from_version": leave} if leave else {})
    answer = api.post(session.path(model, "rollback"), body)
    if session.wants_json():
        session.show([], [], answer)
    next_ = (
        f"models show {model}"
        if answer["changed"]
        else f"rollback {model} --from {answer['version']}"
    )
    talk(f"{answer['sentence']}  Next: trimtab {next_}")


def _ends(facts: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return the champion and the version that a rollback would return to."""
    champion, previous = facts.get("champion") or {}, facts.get("previous") or {}
    return champion.get("version"), previous.get("version")


def _name(version: int | None) -> str:
    return f"v{version}" if version else "no version"
