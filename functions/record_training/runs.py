"""Records an execution as a run of the registry: when it starts, and in full when it ends."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from functions.record_training.experiment import experiment_of
from functions.record_training.recipes import Origin, recipe_of
from functions.record_training.trials import Trials
from trimtab.aws.execution_facts import ExecutionReader
from trimtab.aws.run_files import RunFiles
from trimtab.domain.audit import name_of
from trimtab.domain.endings import Outcome
from trimtab.domain.plans import Variant
from trimtab.domain.recording.facts import ExecutionFacts
from trimtab.domain.recording.plots import plots_of
from trimtab.domain.recording.recipe import Recipe
from trimtab.domain.recording.record import record_of
from trimtab.domain.recording.runs import (
    DIFF_FILE,
    EXECUTION_FILE,
    ORIGIN_TAG,
    PARENT_TAG,
    PURPOSE_TAG,
    RECIPE_FILE,
    brought_up,
    run_of,
)
from trimtab.domain.tracking.runs import Run
from trimtab.domain.training import TrainingRequest
from trimtab.observability import logger
from trimtab.runtime import Runtime

NOBODY = "sagemaker"  # the user of an execution that nobody asked for through Trimtab
DIGEST = 36  # characters of a digest that MLflow takes


class Recording:
    """Records executions that serve one request, or none."""

    def __init__(
        self,
        runtime: Runtime,
        request: TrainingRequest | None,
        origin: Origin | None = None,
    ) -> None:
        self._runtime = runtime
        self._request = request
        self._origin = origin
        self._files = RunFiles(runtime.s3, runtime.settings.bucket)
        self._reader = ExecutionReader(runtime.sagemaker, lambda: runtime.logs)

    def record(self, arn: str, model: str, variant: Variant, outcome: Outcome | None) -> Run:
        """Keep the run, its trials and its files; `outcome` is None while the execution is under way."""
        facts = self._reader.read(arn, model, variant)
        experiment = experiment_of(self._runtime, model)
        tags, user = self._said()
        if outcome is not None:
            trials = Trials(self._runtime, self._reader, experiment, tags=tags, user=user)
            facts = trials.record(facts)
        recipe = recipe_of(self._runtime, facts, self._origin)
        report = self._files.report(model, facts.id)
        self._write(facts, recipe, report, outcome)
        told = run_of(
            experiment,
            facts,
            artifact_uri=self._files.uri(model, facts.id),
            recipe=recipe,
            report=report,
            outcome=outcome,
            tags=tags,
            user=user,
        )
        run = replace(told, datasets=tuple(_read_by(recipe)))
        self._runtime.recorded_runs.keep([run], brought_up)
        logger.info("run recorded", run_id=run.id, execution_arn=arn, status=run.status)
        return run

    def _said(self) -> tuple[dict[str, str], str]:
        """What the request says of its run, as tags, and who asked."""
        if self._request is None:
            return {}, NOBODY
        plan = self._request.plan
        tags = {PURPOSE_TAG: plan.purpose, ORIGIN_TAG: plan.origin_run_id or ""}
        if plan.purpose == "spread":
            tags[PARENT_TAG] = plan.origin_run_id or ""
        return tags, name_of(self._request.actor)

    def _write(
        self,
        facts: ExecutionFacts,
        recipe: Recipe,
        report: dict[str, Any] | None,
        outcome: Outcome | None,
    ) -> None:
        files = {
            RECIPE_FILE: (recipe.model_dump_json(indent=1), "application/json"),
            EXECUTION_FILE: (
                record_of(facts, outcome).model_dump_json(indent=1),
                "application/json",
            ),
        }
        if recipe.code.diff:
            files[DIFF_FILE] = (recipe.code.diff, "text/plain")
        for name, svg in plots_of(report).items():
            files[f"plots/{name}.svg"] = (svg, "image/svg+xml")
        for path, (text, kind) in files.items():
            self._files.put(facts.model, facts.id, path, text.encode(), kind)


def _read_by(recipe: Recipe) -> Iterator[dict[str, Any]]:
    """The data that a run read, as MLflow names datasets; by its digest lineage finds the run."""
    if recipe.data is None:
        return
    pin = recipe.data
    yield {
        "dataset": {
            "name": f"{recipe.model} {pin.dataset_version or ''}".strip(),
            "digest": pin.digest[:DIGEST],
            "source_type": "s3",
            "source": json.dumps({"uri": pin.manifest_uri}),
            "profile": json.dumps({"rows": pin.rows, "batches": pin.batches}),
        },
        "tags": {"mlflow.data.context": "training"},
    }
