"""What a person wishes otherwise than model.yaml says, as `trimtab training request` is told it."""

import re
from collections.abc import Sequence
from typing import Any

import click

from trimtab.cli import session

OF_THE_PIPELINE = re.compile(r"(Hyper|Min|Max)-.+|Seed|SourceUri|ImageUri|Trials|ParallelTrials")
"""Names of a pipeline's own parameters; any other name is a hyperparameter's."""

RUN_ID = re.compile(r"[0-9a-f]{32}")


def plan_of(*, sweep: bool, warm_start: str | None, changes: Sequence[str]) -> dict[str, Any]:
    """Return the plan of a wish, as the API takes it. Raises UsageError if it says what cannot be."""
    parameters = dict(map(_change, changes))
    plan: dict[str, Any] = {"purpose": "changed"} if parameters else {}
    if warm_start is not None:
        plan["variant"] = "sweep-warm"
        parameters["WarmStartFrom"] = _tuning_job(warm_start)
    elif sweep:
        plan["variant"] = "sweep"
    return {**plan, "parameters": parameters}


def _change(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--set")
    return (name if OF_THE_PIPELINE.fullmatch(name) else f"Hyper-{name}"), value


def _tuning_job(named: str) -> str:
    """The tuning job that is named, or that an execution with this run ran."""
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
