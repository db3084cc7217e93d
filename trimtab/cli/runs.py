"""`trimtab runs`: what was tried, what was best, and what differs."""

from collections.abc import Iterator
from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, Noun
from trimtab.cli.moments import SINCE, UNTIL
from trimtab.cli.output import cell, head, talk
from trimtab.cli.recorded import last_words, recorded, step_rows
from trimtab.cli.reproduce import Waiting, conclude, parsed_changes, parsed_space
from trimtab.cli.trials import list_trials

COLUMNS = ["run_id", "name", "experiment", "status", "started_at"]
FILTER = click.option(
    "--filter", "text", help="MLflow's filter language: params.depth = '5' and metrics.auc > 0.7."
)


@click.group(cls=Noun)
def runs() -> None:
    """Tracked runs."""


runs.add_command(list_trials)


@runs.command("list", example="trimtab runs list --experiment flight-delays --limit 5")
@click.option("--experiment", help="Name or id of an experiment: only its runs.")
@FILTER
@LIMIT
def list_runs(experiment: str | None, text: str | None, limit: int) -> None:
    """List runs, newest first."""
    found = list(session.api().items("/v1/runs", limit=limit, experiment=experiment, filter=text))
    session.show(found, COLUMNS, found)
    if not found:
        talk("no run is that; `trimtab.tracking` or any MLflow client makes one")


@runs.command(example="trimtab runs best --metric auc --since 14d --model flight-delays")
@click.option("--metric", required=True, help="By which metric, such as auc.")
@click.option("--order", type=click.Choice(["max", "min"]), default="max", help="What is good.")
@click.option(
    "--model", help="Only runs tagged trimtab.model so, or of an experiment of that name."
)
@FILTER
@SINCE
@UNTIL
@LIMIT
def best(metric: str, text: str | None, limit: int, **wanted: str | None) -> None:
    """List the best runs of all experiments, of the last 28 days unless --since says otherwise."""
    query = {"from": wanted.pop("since"), "to": wanted.pop("until"), "filter": text, **wanted}
    found = list(session.api().items("/v1/runs/best", limit=limit, metric=metric, **query))
    rows = [{**run, metric: run["metrics"].get(metric)} for run in found]
    session.show(rows, [metric, *COLUMNS], found)
    if not found:
        talk(f"no run of that time has the metric {metric}")


@runs.command(example="trimtab runs show 0a1b2c3d4e5f60718293a4b5c6d7e8f9")
@click.argument("run")
def show(run: str) -> None:
    """Show a run: parameters, latest metrics, code version; of a pipeline's execution recipe, durations, costs."""
    found = session.api().get(session.below("/v1/runs", run))
    if not session.wants_json():
        head({**_head(found), **recorded(found)})
    rows = [*step_rows(found)]
    rows += [
        {"kind": kind, "key": key, "value": value}
        for kind in ("params", "metrics")
        for key, value in sorted(found[kind].items())
    ]
    session.show(rows, ["kind", "key", "value"], found)
    if not session.wants_json():
        for line in last_words(found):
            click.echo(line)


@runs.command(example="trimtab runs reproduce 0a1b2c3d4e5f60718293a4b5c6d7e8f9 --wait")
@click.argument("run")
@click.option("--full-data", is_flag=True, help="On all accepted data up to now.")
@click.option("--dataset", type=click.IntRange(min=1), help="On this dataset version.")
@click.option(
    "--wider-sweep",
    "space",
    is_flag=False,
    flag_value="",
    metavar="[SPACE]",
    help="Search around it: in all ranges of the sweep, each twice as wide, or in name=min:max,….",
)
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Another value of a parameter."
)
@click.option("--reason", help="Why; stands in the audit trail.")
@click.option("--force", is_flag=True, help="Whatever budget and quiet hours say.")
@click.option("--wait", is_flag=True, help="Until it is over; exit code 3 if it did not reproduce.")
@click.option(
    "--minutes", type=click.IntRange(min=1), default=120, help="How long --wait waits at most."
)
def reproduce(
    run: str,
    dataset: int | None,
    space: str | None,
    changes: tuple[str, ...],
    reason: str | None,
    minutes: int,
    *,
    full_data: bool,
    force: bool,
    wait: bool,
) -> None:
    """Run a run again, on the very bytes it read unless an option says otherwise, and say if it came out the same."""
    wish = {
        "full_data": full_data,
        "dataset": dataset,
        "wider_sweep": space is not None,
        "space": parsed_space(space or ""),
        "changes": parsed_changes(changes),
    }
    path = session.below("/v1/runs", run, "reproductions")
    answer = session.api().post(path, {"wish": wish, "reason": reason, "force": force})
    talk(f"{answer['decision']}: {answer['reason']}  Request {answer['request_id']}")
    if wait:
        conclude(Waiting(session.api(), answer, minutes).run())
    elif session.wants_json():
        session.show([], [], answer)


@runs.command(example="trimtab runs diff 0a1b2c3d4e5f6071 8293a4b5c6d7e8f9")
@click.argument("a")
@click.argument("b")
@click.option("--all", "everything", is_flag=True, help="Show also what is the same.")
def diff(a: str, b: str, *, everything: bool) -> None:
    """Show what differs between two runs: parameters, metrics, code."""
    found = session.api().get("/v1/runs/diff", a=a, b=b)
    rows = [row for row in _rows(found) if everything or not row.pop("same")]
    session.show(rows, ["kind", "key", "a", "b", "change"], found)
    if session.wants_json():
        return
    for side in ("a", "b"):
        if text := found["code"][f"{side}_diff"]:
            talk(f"\nwhat {found[side]['name']} differed by from {found['code'][side]['commit']}:")
            click.echo(text)
    if not rows:
        talk("nothing differs")


def _rows(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in ("params", "metrics"):
        for one in found[kind]:
            yield {"kind": kind, **one}
    a, b, same = found["code"]["a"], found["code"]["b"], found["code"]["same"]
    for key in ("commit", "branch", "dirty", "script"):
        yield {"kind": "code", "key": key, "a": a[key], "b": b[key], "same": a[key] == b[key]}
    if not same and a == b:
        yield {"kind": "code", "key": "diff", "a": "one", "b": "another", "same": False}


def _head(run: dict[str, Any]) -> dict[str, str]:
    code = run["code"]
    tree = {True: "dirty", False: "clean", None: ""}[code["dirty"]]
    return {
        "Run": f"{run['run_id']}   {run['name']}   {run['status']}",
        "Experiment": cell(run["experiment"]),
        "Time": f"{cell(run['started_at'])}   {cell(run['ended_at'])}   {run['user']}",
        "Code": "   ".join(part for part in (code["commit"], tree, code["script"]) if part) or "-",
    }
