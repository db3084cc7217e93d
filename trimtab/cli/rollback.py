"""`trimtab rollback`: back to what answered before the last release."""

import sys
from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import REASON, Answering
from trimtab.cli.output import talk
from trimtab.cli.rollouts import TIMED_OUT


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
    """Undo the last release: all traffic goes back to the version before, and the one that is left is blocked.

    While a challenger has some of the requests, it is the one that is left; the champion stays.

    On a terminal it asks first, and then leaves only the champion that was shown. A script need not say --yes: its
    --reason is deliberate enough, and a rollback that waits for an answer is worse than none. Repeated, it does
    nothing twice. The exit code is 4 if the endpoint of the version before has to be made again first.
    """
    api = session.api()
    facts = api.get(session.path(model))
    left, back = _ends(facts)
    if dry_run or not yes:
        what = "challenger" if facts.get("challenger") else "champion"
        talk(f"{what} of {model}: {_name(left)} → {_name(back)}")
    if dry_run:
        talk("Nothing was moved.")
        return
    if back and not yes and sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm(f"Roll back and block {_name(left)}?", abort=True, err=True)
        leave = leave or left
    body = {"reason": reason} | ({"from_version": leave} if leave else {})
    answer = api.post(session.path(model, "rollback"), body)
    if session.wants_json():
        session.show([], [], answer)
    next_ = (
        f"models show {model}"
        if answer["changed"] or answer.get("waits")
        else f"rollback {model} --from {answer['version']}"
    )
    talk(f"{answer['sentence']}  Next: trimtab {next_}")
    if answer.get("waits"):
        raise click.exceptions.Exit(TIMED_OUT)


def _ends(facts: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return the version that would be left, and the one that answers its requests then."""
    challenger, champion, previous = (
        (facts.get(alias) or {}).get("version") for alias in ("challenger", "champion", "previous")
    )
    return (challenger, champion) if challenger else (champion, previous)


def _name(version: int | None) -> str:
    return f"v{version}" if version else "no version"
