"""Says whether a run that repeats another reproduced it, once it and, where that takes them, other seeds have ended."""

from dataclasses import replace

from trimtab.aws.run_files import RunFiles
from trimtab.domain.pipeline_parameters import SEED
from trimtab.domain.recording.recipe import differences
from trimtab.domain.recording.reproduction import (
    REPRODUCTION_FILE,
    REPRODUCTION_TAG,
    SEEDS,
    SENTENCE_TAG,
    Made,
    Reproduction,
    compare,
    made_by,
    seed_runs_of,
    with_seed_run,
)
from trimtab.domain.recording.runs import BEST_TAG, EXECUTION_TAG, ORIGIN_TAG, TRIAL_TAG
from trimtab.domain.tracking.runs import Run
from trimtab.domain.training import TrainingRequest
from trimtab.observability import logger
from trimtab.runtime import Runtime


def judge_rerun(runtime: Runtime, model: str, request: TrainingRequest, run: Run) -> None:
    """Give the verdict on a rerun that the request asked for, or on the one whose spread it measured."""
    if request.plan.purpose == "reproduce":
        rerun = run
    elif request.plan.purpose == "spread":
        rerun = runtime.runs.change(
            request.plan.origin_run_id or "", lambda one: with_seed_run(one, run.id)
        )
    else:
        return
    has_seed = SEED in request.plan.parameters
    told = Judging(runtime, model).judge(rerun, with_seeds=has_seed)
    tags = {REPRODUCTION_TAG: told.result, SENTENCE_TAG: told.sentence}
    runtime.runs.change(rerun.id, lambda one: replace(one, tags={**one.tags, **tags}))
    logger.info("rerun judged", run_id=rerun.id, result=told.result, reason=told.sentence)


class Judging:
    """Compares runs of one model."""

    def __init__(self, runtime: Runtime, model: str) -> None:
        self._runtime = runtime
        self._model = model
        self._metric = runtime.models.get(model).evaluation.metric
        self._files = RunFiles(runtime.s3, runtime.settings.bucket)

    def judge(self, rerun: Run, *, with_seeds: bool) -> Reproduction:
        """Compare a rerun with its origin, and keep what is said among its artifacts."""
        runs = self._runtime.runs
        origin = runs.get(rerun.tags[ORIGIN_TAG])
        seeds = list(runs.many(seed_runs_of(rerun.tags)).values())
        before, after = self._files.recipe_of(origin), self._files.recipe_of(rerun)
        told = compare(
            self._made(origin),
            self._made(rerun),
            metric=self._metric,
            seeds=[self._made(one) for one in seeds],
            left=max(SEEDS - len(seeds), 0) if with_seeds else 0,
            differences=differences(before, after) if before and after else (),
        )
        body = told.model_dump_json(indent=1).encode()
        execution = _execution(rerun)
        self._files.put(self._model, execution, REPRODUCTION_FILE, body, "application/json")
        return told

    def _made(self, run: Run) -> Made:
        # The evaluation of a sweep is of its best trial; of the others there is none.
        other = TRIAL_TAG in run.tags and BEST_TAG not in run.tags
        report = None if other else self._files.report(self._model, _execution(run))
        return made_by(run.id, report, self._metric)


def _execution(run: Run) -> str:
    return run.tags[EXECUTION_TAG].rpartition("/")[2]
