"""What every command shares: the API it calls and the form its answer takes."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import click

from trimtab.cli import output
from trimtab.client import connection
from trimtab.client.api import Api


def api() -> Api:
    """Return the API of the deployment that the command line names."""
    return Api(connection.find(_options()["api_url"]))


def api_url() -> str | None:
    """Return the address that was named with `--api-url`, if one was."""
    named: str | None = _options()["api_url"]
    return named


def below(place: str, *parts: str | int) -> str:
    """Return the API's path of something below a place."""
    return "/".join([place, *(quote(str(part), safe="") for part in parts)])


def path(model: str, *parts: str | int) -> str:
    """Return the API's path of a model, or of something below it."""
    return below("/v1/models", model, *parts)


def listed(model: str, below: str, limit: int) -> list[dict[str, Any]]:
    """Return what a model has of something, newest first."""
    return list(api().items(path(model, below), limit=limit))


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], raw: Any = None) -> None:
    """Print rows in the form that was asked for; `raw` is the JSON form where it says more than the rows."""
    output.show(rows, columns, list(rows) if raw is None else raw, _options()["form"])


def say_empty(sentence: str, model: str) -> None:
    """Say that there is nothing, and how a model's life begins."""
    output.talk(f"{sentence}; a file put under incoming/{model}/ in the data bucket starts it")


def who(actor: str | None) -> str | None:
    """Return an actor as people call it: what follows the account in an ARN."""
    return actor.rpartition(":")[2] if actor and actor.startswith("arn:") else actor


def wants_json() -> bool:
    """Say whether a program reads the answer."""
    return bool(_options()["form"] == "json")


def _options() -> dict[str, Any]:
    found: dict[str, Any] = click.get_current_context().find_root().obj
    return found
