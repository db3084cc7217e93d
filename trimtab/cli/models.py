"""`trimtab models`: what there is, what serves, and who may."""

from pathlib import Path
from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, REASON, Noun
from trimtab.cli.moments import AT, moment
from trimtab.cli.output import cell, head, talk, write_page
from trimtab.cli.output import moment as output_moment

LIVE = "champion"  # the alias of the version that answers


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
    """Show a model: champion, challenger, previous version, route, training, versions."""
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
@click.option(
    "--expires", callback=moment, help="It begins to serve before this or never: a time (UTC)."
)
def approve(model: str, version: int, reason: str, expires: str | None) -> None:
    """Approve a version: it may serve."""
    _decide(model, version, "approve", reason, **({"expires_at": expires} if expires else {}))
    talk(f"Asked to approve version {version} of {model}.  Next: trimtab rollouts list {model}")


@models.command(example='trimtab models reject flight-delays 2 --reason "leaks the target"')
@click.argument("model")
@click.argument("version", type=int)
@REASON
def reject(model: str, version: int, reason: str) -> None:
    """Reject a version: it may not serve."""
    _decide(model, version, "reject", reason)
    talk(f"Asked to reject version {version} of {model}.  Next: trimtab models show {model}")


@models.command(example="trimtab models live --at 2026-11-09")
@AT
@click.option("--aliases", "every", is_flag=True, help="Every alias, not the champions alone.")
def live(at: str | None, *, every: bool) -> None:
    """Show which versions are live, or were at some time."""
    found = _standings(at)
    rows = [
        {"model": one["model"], **alias, "actor": session.who(alias["actor"])}
        for one in found
        for alias in one["aliases"]
        if every or alias["alias"] == LIVE
    ]
    columns = ["model", "alias", "version", "since", "actor", "reason"]
    session.show(rows, columns if every else [columns[0], *columns[2:]], found)
    if not rows:
        talk(f"no model {'has' if at is None else 'had'} a version that answers{_then(at)}")


@models.command(example="trimtab models diff 2026-11-09 2026-11-16")
@click.argument("earlier", callback=moment)
@click.argument("later", callback=moment)
def diff(earlier: str, later: str) -> None:
    """Show which aliases point elsewhere at a later time than at an earlier one."""
    from trimtab.domain.registry.live import ModelStanding, changes  # noqa: PLC0415 (pydantic's start is slow)

    was, now = (
        [ModelStanding.model_validate(one, strict=False) for one in _standings(at)]
        for at in (earlier, later)
    )
    found = [one.model_dump(mode="json") for one in changes(was, now)]
    rows = [{**one, "actor": session.who(one["actor"])} for one in found]
    columns = ["model", "alias", "before", "after", "since", "actor", "reason"]
    session.show(rows, columns, found)
    if not rows:
        talk(f"every alias points where it pointed{_then(earlier)}")


@models.command(example="trimtab models aliases flight-delays --moves champion")
@click.argument("model")
@AT
@click.option("--moves", "alias", help="Every move of this alias instead, newest first.")
@LIMIT
def aliases(model: str, at: str | None, alias: str | None, limit: int) -> None:
    """Show where a model's aliases point, or pointed at some time."""
    if alias is not None:
        found = list(session.api().items(session.path(model, "aliases", alias), limit=limit))
        columns = ["at", "before", "version", "actor", "reason"]
    else:
        found = list(session.api().items(session.path(model, "aliases"), limit=limit, at=at))
        columns = ["alias", "version", "since", "actor", "reason"]
    rows = [{**one, "actor": session.who(one["actor"])} for one in found]
    session.show(rows, columns, found)
    if not rows:
        talk(f"{model} has no such alias{_then(at)}")


@models.command(example="trimtab models report flight-delays --html report.html")
@click.argument("model")
@click.option(
    "--windows",
    type=click.IntRange(1, 1000),
    default=60,
    show_default=True,
    help="The newest so many.",
)
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="File for a page of its own."
)
def report(model: str, windows: int, html: Path | None) -> None:
    """Show how a model did in each window of its traffic, and what was done about it."""
    from trimtab.cli.life import chapters_of_model, rows_of  # noqa: PLC0415 (pydantic's start is slow)

    chapters = chapters_of_model(session.api(), model, windows)
    if not chapters:
        talk(f"no window of {model} with any request is judged yet; that is done once one is over")
        return
    rows, columns = rows_of(chapters)
    session.show(rows, columns, [one.model_dump(mode="json") for one in chapters])
    if html is not None:
        from trimtab.domain.life.page import life_page  # noqa: PLC0415

        write_page(html, life_page(model, chapters))


def _standings(at: str | None) -> list[dict[str, Any]]:
    return list(session.api().items("/v1/live", at=at))


def _then(at: str | None) -> str:
    return f" at {output_moment(at)}" if at else ""


def _decide(model: str, version: int, verb: str, reason: str, **more: str) -> None:
    place = session.path(model, "versions", version, verb)
    answer = session.api().post(place, {"reason": reason, **more})
    if session.wants_json():
        session.show([], [], answer)


def _head(facts: dict[str, Any]) -> dict[str, str]:
    route = (facts.get("route") or {}).get("targets", [])
    training = facts.get("training") or {}
    return {
        "Model": f"{facts['name']}   {facts['problem']}   {cell(facts['owner'])}",
        "Champion": _line(facts.get("champion")),
        "Challenger": _line(facts.get("challenger")),
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
