"""What every command shares: the API it calls and the form its answer takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from trimtab.cli import connection, output
from trimtab.cli.api import Api


def api() -> Api:
    """Return the API of the deployment that the command line names."""
    return Api(connection.find(_options()["api_url"]))


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], raw: Any = None) -> None:
    """Print rows in the form that was asked for; `raw` is the JSON form where it says more than the rows."""
    output.show(rows, columns, list(rows) if raw is None else raw, _options()["form"])


def wants_json() -> bool:
    """Say whether a program reads the answer."""
    return bool(_options()["form"] == "json")


def _options() -> dict[str, Any]:
    found: dict[str, Any] = click.get_current_context().find_root().obj
    return found
