"""What a person wishes otherwise than model.yaml says, as `trimtab training request` is told it."""

import re
from collections.abc import Sequence
from typing import Any

import click

from trimtab.cli import session

OF_THE_PIPELINE = re.compile(r"(Hyper|Min|Max)-.+|Seed|SourceUri|ImageUri|Trials|ParallelTrials")
"""Names of a pipeline's own parameters; any other name is a hyperparameter's."""

LAST = "last"
SWEEPS = "tags.`trimtab.pipeline` LIKE 'sweep%' AND attributes.status = 'FINISHED'"

RUN_ID = re.compile(r"[0-9a-f]{32}")


def plan_of(
    model: str, *, sweep: bool, warm_start: str | None, changes: Sequence[str]
) -> dict[str, Any]:
    """Return the plan of a wish, as the API takes it. Raises UsageError if it says what cannot be."""
    parameters = dict(map(_change, changes))
    plan: dict[str, Any] = {"purpose": "changed"} if parameters else {}
    if warm_start is not None:
        plan["variant"] = "sweep-warm"
        parameters["WarmStartFrom"] = _tuning_job(model, warm_start)
    elif sweep:
        plan["variant"] = "sweep"
    return {**plan, "parameters": parameters}


def _change(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--set")
    return (name if OF_THE_PIPELINE.fullmatch(name) else f"Hyper-{name}"), value


def _tuning_job(model: str, named: str) -> str:
    """The tuning job that is named, or that an execution with this run ran; of `last` the model's last sweep."""
    if named == LAST:
        named = _last_sweep(model)
    if not RUN_ID.fullmatch(named):
        return named
    execution = session.api().get(session.below("/v1/runs", named)).get("execution") or {}
    for step in execution.get("steps", []):
        if step["job_kind"] == "tuning":
            job: str = step["job"]
            return job
    raise click.BadParameter(
        f"run {named} is no sweep, and no trial of one", param_hint="--warm-start"
    )


def _last_sweep(model: str) -> str:
    """The newest run of a sweep of the model that ended, or one of its trials."""
    found = list(session.api().items("/v1/runs", limit=1, experiment=model, filter=SWEEPS))
    if not found:
        raise click.BadParameter(
            f"{model} has no sweep that ended; --sweep runs one", param_hint="--warm-start"
        )
    run_id: str = found[0]["run_id"]
    return run_id
