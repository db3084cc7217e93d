"""An execution as a run of the registry, and the trials of its sweep as that run's children."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from trimtab.domain.endings import Outcome
from trimtab.domain.pipeline_parameters import HYPERPARAMETER, SEED
from trimtab.domain.recording.facts import ExecutionFacts, Job, Trial
from trimtab.domain.recording.ids import run_id_of
from trimtab.domain.recording.recipe import Recipe
from trimtab.domain.tracking.experiments import Experiment
from trimtab.domain.tracking.names import PARAM_MOST, TAG_MOST
from trimtab.domain.tracking.points import Logged, Point
from trimtab.domain.tracking.runs import RUN_NAME_TAG, RUNNING, Run
from trimtab.domain.tracking.summaries import (
    BRANCH_TAG,
    COMMIT_TAG,
    DIFF_TAG,
    DIRTY_TAG,
    MODEL_TAG,
    SCRIPT_TAG,
)
from trimtab.domain.training import TrainingRequest

INSTANCE_HOURS = "instance_hours"  # metric of an execution: what AWS bills
PARENT_TAG = "mlflow.parentRunId"
REQUEST_TAG = "trimtab.request_id"
EXECUTION_TAG = "trimtab.execution"
ORIGIN_TAG = "trimtab.origin_run_id"
PURPOSE_TAG = "trimtab.purpose"
VARIANT_TAG = "trimtab.pipeline"
VERDICT_TAG = "trimtab.verdict"
GATE_TAG = "trimtab.gate"  # passed, refused
FAILED_STEP_TAG = "trimtab.failed_step"
CODE_TAG = "trimtab.code.digest"
BEST_TAG = "trimtab.best_trial"
TRIAL_TAG = "trimtab.trial"
DIFF_FILE = "recipe/code.diff"  # among the run's artifacts
RECIPE_FILE = "recipe/recipe.json"
EXECUTION_FILE = "recipe/execution.json"
PROGRAM = "sagemaker_program"  # hyperparameter of script mode: which file trains
PIPELINE_PARAM = "pipeline/"  # before the name of a pipeline's parameter
NOT_IN_NAMES = re.compile(r"[^\w.\- :/]")
TRIAL_STATUS = {"Completed": "FINISHED", "Failed": "FAILED", "Stopped": "KILLED"}


def is_recorded(run: Run) -> bool:
    """Whether a run is the execution that its tags name: tags anybody can set, an id nobody can choose."""
    execution = run.tags.get(EXECUTION_TAG, "").rpartition("/")[2]
    return run.id == run_id_of(execution, run.tags.get(TRIAL_TAG, ""))


def run_of_version(execution_id: str, model_uri: str, request: TrainingRequest | None) -> str:
    """Return the run that made a version: of a sweep its best trial, whose job stands in the model's address."""
    swept = request is not None and request.plan.variant != "train"
    return run_id_of(execution_id, model_uri.split("/")[-3] if swept else "")


def run_of(
    experiment: Experiment,
    facts: ExecutionFacts,
    *,
    artifact_uri: str,
    recipe: Recipe | None,
    report: Mapping[str, Any] | None,
    outcome: Outcome | None,
    tags: Mapping[str, str],
    user: str,
) -> Run:
    """Return the run of an execution as far as it came; `tags` are what its request says of it."""
    job = facts.training
    begun = Run(
        id=run_id_of(facts.id),
        experiment_id=experiment.id,
        name=f"{facts.variant}-{facts.request_id or facts.id}",
        user_id=user,
        start_ms=_ms(facts.started_at),
        artifact_uri=artifact_uri,
        lifecycle_stage=experiment.lifecycle_stage,
        params=_params(facts, recipe),
        tags=_kept(
            {
                MODEL_TAG: facts.model,
                EXECUTION_TAG: facts.arn,
                VARIANT_TAG: facts.variant,
                REQUEST_TAG: facts.request_id or "",
                SCRIPT_TAG: job.hyperparameters.get(PROGRAM, "") if job else "",
                **_code_tags(recipe),
                **tags,
            }
        ),
    )
    if outcome is None or facts.ended_at is None:
        return _named(begun)
    points = list(_measured(facts, report, _ms(facts.ended_at)))
    ended = replace(
        begun,
        status=_status(facts.status, outcome, report),
        end_ms=_ms(facts.ended_at),
        tags={**begun.tags, **_kept(_ending_tags(facts, report, outcome))},
    )
    return _named(ended.with_points(points))


def trial_run(
    experiment: Experiment,
    facts: ExecutionFacts,
    trial: Trial,
    *,
    artifact_uri: str,
    report: Mapping[str, Any] | None,
    tags: Mapping[str, str],
    user: str,
) -> Run:
    """Return the run of a trial, a child of its execution's run; the best one has the evaluation's metrics too."""
    name = trial.job.name
    run = Run(
        id=run_id_of(facts.id, name),
        experiment_id=experiment.id,
        name=name,
        user_id=user,
        start_ms=_ms(trial.started_at),
        artifact_uri=artifact_uri,
        status=TRIAL_STATUS.get(trial.status, RUNNING),
        end_ms=None if trial.ended_at is None else _ms(trial.ended_at),
        lifecycle_stage=experiment.lifecycle_stage,
        params=_text({**trial.job.told, **trial.tuned}),
        tags=_kept(
            {
                PARENT_TAG: run_id_of(facts.id),
                MODEL_TAG: facts.model,
                EXECUTION_TAG: facts.arn,
                VARIANT_TAG: facts.variant,
                REQUEST_TAG: facts.request_id or "",
                TRIAL_TAG: name,
                BEST_TAG: "true" if trial.is_best else "",
                VERDICT_TAG: trial.reason,
                **tags,
            }
        ),
    )
    at = run.end_ms if run.end_ms is not None else run.start_ms
    points = [*_job_metrics(trial.job), ("duration_seconds", Point(at, 0, trial.job.seconds))]
    if trial.objective is not None:
        points.append(("objective", Point(at, 0, trial.objective.value)))
    if trial.job.cost_usd is not None:
        points.append(("cost_usd", Point(at, 0, trial.job.cost_usd)))
    if trial.is_best:
        points += _evaluated(report, at)
    return _named(run.with_points(points))


def brought_up(kept: Run, told: Run) -> Run:
    """Return a run that is kept already with what is known of it now; what others added to it stays."""
    if kept.has_ended and not told.has_ended:
        return kept  # the word of its beginning came late
    moved = replace(
        kept,
        status=told.status,
        end_ms=told.end_ms,
        params={**kept.params, **told.params},
        tags={**kept.tags, **told.tags, RUN_NAME_TAG: kept.name},
    )
    points = [(key, point) for key, point in told.tail if kept.metrics.get(key) != point]
    read = moved.with_inputs(told.datasets, ())
    return read.with_points(points)


def _named(run: Run) -> Run:
    return replace(run, tags={**run.tags, RUN_NAME_TAG: run.name})


def _params(facts: ExecutionFacts, recipe: Recipe | None) -> dict[str, str]:
    job = facts.training
    told = recipe.hyperparameters if recipe else job.told if job else {}
    own = {
        f"{PIPELINE_PARAM}{name}": value
        for name, value in facts.parameters.items()
        if name != SEED
        and not name.startswith(HYPERPARAMETER)  # the job was told them by their own names
    }
    return _text({**own, **told})


def _code_tags(recipe: Recipe | None) -> dict[str, str]:
    if recipe is None:
        return {}
    code = recipe.code
    return {
        COMMIT_TAG: code.commit or "",
        BRANCH_TAG: code.branch or "",
        DIRTY_TAG: "" if code.dirty is None else str(code.dirty).lower(),
        DIFF_TAG: DIFF_FILE if code.diff else "",
        CODE_TAG: recipe.source.sha256 if recipe.source else "",
        "mlflow.source.type": "JOB",
    }


def _ending_tags(
    facts: ExecutionFacts, report: Mapping[str, Any] | None, outcome: Outcome
) -> dict[str, str]:
    failed = facts.failed_step
    gate = report.get("gate") if report else None
    passed = gate.get("passed") if isinstance(gate, Mapping) else None
    return {
        VERDICT_TAG: outcome.reason,
        GATE_TAG: "" if passed is None else "passed" if passed else "refused",
        FAILED_STEP_TAG: failed.name if failed else "",
    }


def _status(status: str, outcome: Outcome, report: Mapping[str, Any] | None) -> str:
    if status == "Stopped":
        return "KILLED"
    judged = outcome.ending == "successful" or (outcome.ending == "failed" and report is not None)
    return "FINISHED" if judged else "FAILED"


def _measured(facts: ExecutionFacts, report: Mapping[str, Any] | None, at: int) -> Iterator[Logged]:
    job = facts.training
    if job is None or job.kind != "tuning":  # of a sweep the best trial has the evaluation's
        yield from _evaluated(report, at)
    if job is not None:
        yield from _job_metrics(job)
    yield "duration_seconds", Point(at, 0, (at - _ms(facts.started_at)) / 1000)
    yield INSTANCE_HOURS, Point(at, 0, facts.instance_hours)
    if facts.cost_usd is not None:
        yield "cost_usd", Point(at, 0, facts.cost_usd)


def _evaluated(report: Mapping[str, Any] | None, at: int) -> Iterator[Logged]:
    """The evaluation's metrics with the ends of their intervals; the champion's values beside them."""
    for name, told in metrics_of(report).items():
        for end, value in told.items():
            yield name if end == "value" else f"{name}.{end}", Point(at, 0, value)
    champion = (report or {}).get("champion")
    for name, told in metrics_of(champion if isinstance(champion, Mapping) else None).items():
        if "value" in told:
            yield f"champion.{name}", Point(at, 0, told["value"])


def metrics_of(report: Mapping[str, Any] | None) -> dict[str, dict[str, float]]:
    """Return value, low and high of each metric that a report tells as numbers."""
    found = (report or {}).get("metrics")
    told = found if isinstance(found, Mapping) else {}
    return {
        NOT_IN_NAMES.sub("_", name): {
            end: float(one[end])
            for end in ("value", "low", "high")
            if isinstance(one.get(end), int | float)
        }
        for name, one in told.items()
        if isinstance(one, Mapping)
    }


def _job_metrics(job: Job) -> Iterator[Logged]:
    for metric in job.metrics:
        if not math.isnan(metric.value):
            name = NOT_IN_NAMES.sub("_", metric.name)
            yield f"train/{name}", Point(_ms(metric.at), metric.step, metric.value)


def _kept(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value[:TAG_MOST] for name, value in tags.items() if value}


def _text(params: Mapping[str, str]) -> dict[str, str]:
    return {NOT_IN_NAMES.sub("_", name): value[:PARAM_MOST] for name, value in params.items()}


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
