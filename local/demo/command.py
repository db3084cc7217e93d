"""`trimtab demo`."""

import time
from pathlib import Path

import click

from local.cloud import LocalCloud
from local.demo.promises import Ledger
from local.demo.screen import Screen
from local.demo.story import Story

FACTS = Path("build") / "demo.json"


@click.command()
@click.option("--keep", is_flag=True, help="Leave the local cloud up afterwards, to look around.")
@click.option("--port", default=0, help="Port of the local cloud; a free one unless given.")
def demo(*, keep: bool, port: int) -> None:
    """Run a model's whole life on this machine, on real flights, and say which promises held."""
    screen = Screen()
    ledger = Ledger(screen)
    started = time.monotonic()
    clouds: list[LocalCloud] = []

    def up() -> str:
        clouds.append(LocalCloud.start(port=port, detach=keep))
        return f"every call goes to {clouds[0].connection.endpoint_url}"

    try:
        if ledger.keep("A cloud of one's own comes up, with all of Trimtab deployed in it", up):
            Story(clouds[0], ledger, screen).tell()
        screen.table(ledger.promises)
        ledger.write(FACTS)
        kept = sum(promise.kept for promise in ledger.promises)
        took = time.monotonic() - started
        screen.say(
            f"{kept} of {len(ledger.promises)} promises kept in {took:.0f} s; facts in {FACTS}"
        )
        _look_around(screen, clouds, keep=keep)
    finally:
        if not keep:
            for cloud in clouds:
                cloud.stop()
    if not ledger.all_kept:
        raise click.exceptions.Exit(3)


def _look_around(screen: Screen, clouds: list[LocalCloud], *, keep: bool) -> None:
    if not clouds:
        return
    if not keep:
        screen.say("To keep the cloud up and look around: make demo KEEP=1")
        return
    screen.say(f"The cloud stays up at {clouds[0].connection.endpoint_url}. Look around:")
    for line in (
        ".venv/bin/trimtab models show flight-delays",
        ".venv/bin/trimtab audit list flight-delays",
        ".venv/bin/trimtab local logs",
        ".venv/bin/trimtab local down",
    ):
        screen.say(f"  {line}")
