"""`trimtab runs trials`: what a sweep tried, the best first."""

from collections.abc import Sequence
from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import Answering
from trimtab.cli.output import talk

PARENT, BEST, WHY = (
    "mlflow.parentRunId",
    "trimtab.best_trial",
    "trimtab.verdict",
)  # tags of a trial's run
OBJECTIVE = "objective"


@click.command(
    "trials", cls=Answering, example="trimtab runs trials 0a1b2c3d4e5f60718293a4b5c6d7e8f9"
)
@click.argument("run")
def list_trials(run: str) -> None:
    """Show the trials of a sweep, the best first: the objective, and the parameters in which they differ.

    RUN is the sweep's run, or one of its trials.
    """
    api = session.api()
    named = api.get(session.below("/v1/runs", run))
    parent = named["tags"].get(PARENT, named["run_id"])
    wanted = f"tags.`{PARENT}` = '{parent}'"
    found = ranked(list(api.items("/v1/runs", experiment=named["experiment"], filter=wanted)))
    varied = differing(found)
    rows = [
        {
            "best": "yes" if BEST in one["tags"] else None,
            OBJECTIVE: one["metrics"].get(OBJECTIVE),
            **{name: _short(one["params"].get(name)) for name in varied},
            "status": one["status"],
            "run_id": one["run_id"],
        }
        for one in found
    ]
    session.show(rows, ["best", OBJECTIVE, *varied, "status", "run_id"], found)
    failed = [one["tags"][WHY] for one in found if one["status"] == "FAILED" and WHY in one["tags"]]
    if failed:
        talk(f"{len(failed)} failed, the last one so: {failed[0]}")
    if not found:
        talk(f"run {run} is no sweep, or its trials are not recorded yet: they are when it ends")


def ranked(trials: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return trials by their objective; which way is better, the one that was the best tells. Without one: last."""
    judged = [one for one in trials if OBJECTIVE in one["metrics"]]
    best = next((one for one in judged if BEST in one["tags"]), None)
    values = [one["metrics"][OBJECTIVE] for one in judged]
    least_is_best = best is not None and best["metrics"][OBJECTIVE] < sum(values) / len(values)
    judged.sort(key=lambda one: one["metrics"][OBJECTIVE], reverse=not least_is_best)
    return [*judged, *(one for one in trials if OBJECTIVE not in one["metrics"])]


def differing(trials: Sequence[dict[str, Any]]) -> list[str]:
    """Return the parameters that are not the same in all trials, in the order of their names."""
    names = sorted({name for one in trials for name in one["params"]})
    return [name for name in names if len({one["params"].get(name) for one in trials}) > 1]


def _short(value: str | None) -> str | None:
    """Return a drawn number with the digits that matter; a word as it is."""
    try:
        return value if value is None or value.isdecimal() else f"{float(value):.4g}"
    except ValueError:
        return value
