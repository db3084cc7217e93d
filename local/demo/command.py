"""`trimtab demo`."""

import time
from pathlib import Path

import click

from local.cloud import LocalCloud
from local.demo.promises import FactSheet, Ledger
from local.demo.scene import MODEL
from local.demo.screen import Screen
from local.demo.story import Story

FACTS = Path("build") / "demo.json"
BROKEN = 3  # exit code: a verdict against


@click.command(epilog="Example: trimtab demo --keep")
@click.option("--keep", is_flag=True, help="Leave the local cloud up afterwards, to look around.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of the local cloud; a free one unless given.",
)
@click.option(
    "--months",
    type=click.IntRange(3, 12),
    default=12,
    show_default=True,
    help="Months that are lived through; three take a minute.",
)
def demo(*, keep: bool, port: int, months: int) -> None:
    """Run a year of a model's life on this machine, on real flights, and say which promises held."""
    screen = Screen()
    facts = FactSheet(FACTS)
    ledger = Ledger(screen)
    started = time.monotonic()
    clouds: list[LocalCloud] = []

    def up() -> str:
        clouds.append(LocalCloud.start(port=port, detach=keep))
        return f"every call goes to {clouds[0].connection.endpoint_url}"

    told = False
    try:
        if ledger.keep("A cloud comes up with all of Trimtab deployed in it", up):
            Story(clouds[0], ledger, screen, months).tell()
        told = True
    finally:
        screen.close()
        if not (keep and told):
            for cloud in clouds:
                cloud.stop()
    facts.write(ledger.promises)
    _sum_up(screen, ledger, time.monotonic() - started)
    _look_around(screen, clouds, keep=keep)
    if not ledger.all_kept:
        raise click.exceptions.Exit(BROKEN)


def _sum_up(screen: Screen, ledger: Ledger, seconds: float) -> None:
    made = ledger.promises
    kept = sum(promise.kept for promise in made)
    screen.say("")
    screen.table(made)
    screen.say("")
    screen.say(f"{kept} of {len(made)} promises kept in {seconds:.0f} s; facts in {FACTS}")
    for broken in (promise for promise in made if not promise.kept):
        screen.say(f"Broken: {broken.name}: {broken.evidence}")
        screen.say("The story ends there, since what follows builds on it.")


def _look_around(screen: Screen, clouds: list[LocalCloud], *, keep: bool) -> None:
    if not clouds:
        return
    if not keep:
        screen.say("To keep the cloud up and look around: make demo KEEP=1")
        return
    connection = clouds[0].connection
    screen.say(f"The cloud stays up at {connection.endpoint_url}. Look around:")
    for line in (
        f"models report {MODEL}",
        f"models show {MODEL}",
        f"rollouts show {MODEL} --version 3",
        f"audit list {MODEL}",
        f"data quarantine {MODEL}",
        "local logs",
        f"local down --port {connection.port}",
    ):
        screen.say(f"  .venv/bin/trimtab {line}")
