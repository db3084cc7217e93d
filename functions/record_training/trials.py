"""Records the trials of a sweep as children of its execution's run, many in one transaction."""

from trimtab.aws.execution_facts import ExecutionReader
from trimtab.aws.run_files import RunFiles
from trimtab.domain.recording.facts import ExecutionFacts, Step, Trial
from trimtab.domain.recording.ids import run_id_of
from trimtab.domain.recording.runs import brought_up, trial_run
from trimtab.domain.tracking.experiments import Experiment
from trimtab.domain.tracking.runs import Run
from trimtab.runtime import Runtime

TOGETHER = 50  # trials that are described before they are kept: a repetition goes on behind them


class Trials:
    """Records the trials of one execution's sweep."""

    def __init__(
        self,
        runtime: Runtime,
        reader: ExecutionReader,
        experiment: Experiment,
        *,
        tags: dict[str, str],
        user: str,
    ) -> None:
        self._runtime = runtime
        self._reader = reader
        self._experiment = experiment
        self._tags = tags
        self._user = user
        self._files = RunFiles(runtime.s3, runtime.settings.bucket)

    def record(self, facts: ExecutionFacts) -> ExecutionFacts:
        """Keep the trials of a sweep, and return the facts with what they took and cost together."""
        tuned = next((s for s in facts.steps if s.job and s.job.kind == "tuning"), None)
        if tuned is None or tuned.job is None:
            return facts
        runs: list[Run] = []
        trials = self._reader.trials(tuned.job.name)
        for start in range(0, len(trials), TOGETHER):
            runs += self._keep(facts, trials[start : start + TOGETHER])
        return _with_sum(facts, tuned, runs)

    def _keep(self, facts: ExecutionFacts, trials: list[Trial]) -> list[Run]:
        """Keep some trials; those that are kept as they ended are not asked for again."""
        known = self._runtime.runs.many(run_id_of(facts.id, one.job.name) for one in trials)
        report = self._files.report(facts.model, facts.id)
        told = []
        for trial in trials:
            kept = known.get(run_id_of(facts.id, trial.job.name))
            if kept is None or not kept.has_ended:
                told.append(self._run(facts, self._reader.with_job(trial), report))
        self._runtime.recorded_runs.keep(told, brought_up)
        ended = [run for run in known.values() if run.has_ended]
        return ended + told

    def _run(self, facts: ExecutionFacts, trial: Trial, report: dict[str, object] | None) -> Run:
        root = self._files.uri(facts.model, facts.id)
        return trial_run(
            self._experiment,
            facts,
            trial,
            artifact_uri=f"{root}/model/{trial.job.name}",
            report=report,
            tags=self._tags,
            user=self._user,
        )


def _with_sum(facts: ExecutionFacts, tuned: Step, runs: list[Run]) -> ExecutionFacts:
    """The tuning job costs what its trials do; its own seconds are theirs together."""
    assert tuned.job is not None
    costs = [run.metrics["cost_usd"].value for run in runs if "cost_usd" in run.metrics]
    seconds = sum(run.metrics["duration_seconds"].value for run in runs)
    usd = sum(costs) if len(costs) == len(runs) else None
    job = tuned.job.model_copy(update={"usd": usd, "seconds": seconds})
    step = tuned.model_copy(update={"job": job})
    steps = tuple(step if one is tuned else one for one in facts.steps)
    return facts.model_copy(update={"steps": steps})
