"""What `trimtab runs show` says of a run that is an execution of a pipeline."""

from collections.abc import Iterator
from typing import Any

PARTS = ("recipe", "execution", "reproduction")  # of the API's answer
CENT = 0.01
DIGITS = 12  # of a digest, that are shown


def recorded(run: dict[str, Any]) -> dict[str, str]:
    """Return recipe, duration, cost and verdict by their headings; nothing of a run that a client tracked."""
    recipe, execution, again = (run.get(part) for part in PARTS)
    found: dict[str, str] = {}
    if recipe is not None:
        found["Recipe"] = "   ".join(_recipe(recipe))
    if execution is not None:
        found["Took"] = "   ".join(_took(execution))
    if execution is not None and execution["reason"]:
        found["Verdict"] = execution["reason"]
    if again is not None:
        found["Again"] = f"of run {again['origin_run_id']}: {again['sentence']}"
    return found


def step_rows(run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return what each step took and cost, as rows like those of parameters and metrics."""
    for step in (run.get("execution") or {}).get("steps", []):
        cost = step["cost_usd"]
        said = [step["status"], "" if step["seconds"] is None else f"{step['seconds']:.0f} s"]
        said.append("" if cost is None else _usd(cost))
        yield {"kind": "step", "key": step["name"], "value": "   ".join(filter(None, said))}


def last_words(run: dict[str, Any]) -> list[str]:
    """Return the last lines of the log of the job that failed, under a line that names its step."""
    execution = run.get("execution") or {}
    lines = execution.get("log") or []
    return [f"\nlast lines of {execution['failed_step']}'s log:", *lines] if lines else []


def _recipe(recipe: dict[str, Any]) -> Iterator[str]:
    if source := recipe["source"]:
        yield f"code {source['sha256'][:DIGITS]}"
    if data := recipe["data"]:
        yield f"dataset {data['dataset_version']} ({data['rows']:,} rows, {data['digest'][:DIGITS]})"
    if recipe["seed"] is not None:
        yield f"seed {recipe['seed']}"
    if recipe["image"]:
        yield recipe["image"].rpartition("/")[2]
    if environment := recipe["environment"]:
        yield f"Python {environment['python']} with {len(environment['packages'])} packages"


def _took(execution: dict[str, Any]) -> Iterator[str]:
    if execution["seconds"] is not None:
        yield f"{execution['seconds']:,.0f} s"
    if execution["cost_usd"] is None:
        yield "cost unknown"
    else:
        where, when = execution["prices_of"], execution["prices_as_of"]
        yield f"about {_usd(execution['cost_usd'])} (list prices of {where}, {when})"


def _usd(cost: float) -> str:
    """An estimate: cents, and below them two figures."""
    return f"{cost:.2f} USD" if cost >= CENT else f"{cost:.2g} USD"
