"""`trimtab local`: a whole AWS of one's own, with Trimtab in it, on this machine."""

import os
import re
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import BotoCoreError

from local import connection as connections
from local.cloud import LocalCloud
from local.connection import Connection
from local.function_logs import FunctionLogs
from local.server import Options, Server
from trimtab.cli import session
from trimtab.cli.command import Answering
from trimtab.errors import InvalidInput, NotFound, OperatorError

DEFAULT_PORT = 4566  # where AWS emulators are looked for
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
FOLLOW_SECONDS = 0.5
PORT = click.option("--port", type=int, help="Port of the cloud; needed only if several run.")


@click.group()
def local() -> None:
    """Run, drive and end a local cloud."""


@local.command(epilog="Example: trimtab local up --port 4700 --data build/cloud --detach")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Where it listens; 0 takes a free port.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep all state in this folder over a restart.",
)
@click.option("--detach", is_flag=True, help="Return once it is up; it goes on in the background.")
@click.option("--no-deploy", is_flag=True, help="Start it empty.")
@click.option("--verbose", is_flag=True, help="Log every step.")
def up(*, port: int, data: Path | None, detach: bool, no_deploy: bool, verbose: bool) -> None:
    """Start a local cloud, deploy Trimtab in it and print how to reach it, as one line of JSON."""
    if detach:
        cloud = LocalCloud.start(port, data, detach=True, deploy=not no_deploy, verbose=verbose)
        click.echo(cloud.connection.to_json())
        return
    options = Options(port=port, data=data, deploy=not no_deploy, verbose=verbose)
    Server(options, _announce).run()
    sys.stdout.flush()
    os._exit(0)  # threads of the emulator that wait for something must not hold the end up


@local.command(epilog="Example: trimtab local down")
@PORT
def down(*, port: int | None) -> None:
    """End a local cloud and all that runs in it."""
    cloud = LocalCloud(connections.choose(port))
    cloud.stop()
    click.echo(f"the local cloud on port {cloud.connection.port} has ended", err=True)


@local.command(cls=Answering, example="trimtab local status --output json")
def status() -> None:
    """List the local clouds that run."""
    clouds = connections.running()
    if not clouds:
        raise NotFound("no local cloud runs", hint="start one: trimtab local up --detach")
    rows = [_status(connection) for connection in clouds]
    session.show(rows, list(rows[0]))


@local.command(epilog="Example: trimtab local logs validate_dataset --follow")
@click.argument("function", required=False)
@click.option("--follow", is_flag=True, help="Go on showing what is logged.")
@PORT
def logs(*, function: str | None, follow: bool, port: int | None) -> None:
    """Show what the functions have logged, all or one (by its folder's name)."""
    connection = connections.choose(port)
    function_logs = FunctionLogs(connection, function)
    try:
        while True:
            for line in function_logs.new_lines():
                click.echo(line)
            if not follow:
                return
            time.sleep(FOLLOW_SECONDS)
    except BotoCoreError as error:
        raise OperatorError(
            f"the local cloud on port {connection.port} has ended", hint="trimtab local up"
        ) from error


@local.group()
def clock() -> None:
    """Drive the local cloud's clock."""


@clock.command(epilog="Example: trimtab local clock advance 1h30m")
@click.argument("by")
@PORT
def advance(*, by: str, port: int | None) -> None:
    """Let time pass: 90s, 30m, 1h, 2d or together, 1h30m. What is due until then happens now."""
    cloud = LocalCloud(connections.choose(port))
    cloud.advance(_duration(by))
    click.echo(cloud.status()["clock"]["now"])


@local.command(epilog="Example: trimtab local throttle 0.3")
@click.argument("share", type=click.FloatRange(0, 1))
@PORT
def throttle(*, share: float, port: int | None) -> None:
    """Have DynamoDB refuse this share of its requests, as where a table is asked too much; 0 ends it."""
    LocalCloud(connections.choose(port)).throttle(share)


def _status(connection: Connection) -> dict[str, Any]:
    facts = connection.control("GET", "/status")
    return {
        "port": connection.port,
        "since": facts["since"],
        "pid": facts["pid"],
        "local_time": facts["clock"]["now"],
        "data": facts["data"],  # none: not kept over a restart
        "endpoint_url": connection.endpoint_url,
    }


def _announce(connection: Connection) -> None:
    click.echo(connection.to_json())


def _duration(text: str) -> timedelta:
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidInput(f"{text!r} is not a duration", hint="write 90s, 30m, 1h, 2d or 1h30m")
    return timedelta(**{UNITS[unit]: float(number) for number, unit in parts})
