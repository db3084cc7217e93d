"""Tuning jobs: many trainings of one definition, with hyperparameters that a strategy chooses."""

import zlib
from collections.abc import Iterable, Sequence

from local.sagemaker import events
from local.sagemaker.container import Container
from local.sagemaker.context import Context
from local.sagemaker.errors import not_found
from local.sagemaker.jobs import Jobs, Kind, Params
from local.sagemaker.paging import page, summary
from local.sagemaker.search import Tried
from local.sagemaker.store import Record
from local.sagemaker.sweep import Sweep
from local.sagemaker.tags import Tags
from local.sagemaker.training import TrainingJobs
from local.sagemaker.trials import best_of, counters, shown
from local.sagemaker.tuning_request import read
from local.sagemaker.warm_start import IDENTICAL, check_parents, parents_of, seen_of

NAME = "HyperParameterTuningJobName"
SUMMARY = (
    NAME,
    "HyperParameterTuningJobArn",
    "HyperParameterTuningJobStatus",
    "CreationTime",
    "HyperParameterTuningEndTime",
    "LastModifiedTime",
)
TRIAL_SORTS = {
    "Name": "TrainingJobName",
    "CreationTime": "CreationTime",
    "Status": "TrainingJobStatus",
    "FinalObjectiveMetricValue": "Objective",
}


class TuningJobs(Jobs):
    """CreateHyperParameterTuningJob and what follows from it."""

    kind = Kind(
        "HyperParameterTuning",
        "hyper-parameter-tuning-job",
        "",
        events.tuning_job_changed,
        "hyperparameter tuning",
    )

    def __init__(self, context: Context, tags: Tags, training: TrainingJobs) -> None:
        """Keep jobs in the context's store; their trials are training jobs as any."""
        super().__init__(context, tags)
        self._training = training

    def role_of(self, params: Params) -> str:
        """Return the role that the trials act as."""
        return str(params["TrainingJobDefinition"]["RoleArn"])

    def create(self, params: Params) -> Params:
        """CreateHyperParameterTuningJob."""
        # Without a seed of its own a job of the same name draws the same.
        search = read(params, zlib.crc32(params[NAME].encode()))
        with self._store.changed:
            check_parents(params, search, self.get, self.trials_of)
        return self.start(params, beginning=search)

    def work(self, job: Record, container: Container) -> None:
        """Run the trials."""
        sweep = Sweep(
            job,
            self.beginnings[job[NAME]],
            self._training,
            self._store,
            self._context.clock.time,
            container.stopped,
        )
        sweep.run(self._seen(job))

    def describe(self, params: Params) -> Params:
        """DescribeHyperParameterTuningJob."""
        with self._store.changed:
            return self._described(self.get(params[NAME]))

    def list(self, params: Params) -> Params:
        """ListHyperParameterTuningJobs."""
        status = "HyperParameterTuningJobStatus"
        wanted = params.get("StatusEquals")
        with self._store.changed:
            kept = [job for job in self._jobs.values() if wanted in (None, job[status])]
            found, token = page(
                kept,
                params,
                name=NAME,
                sort_keys={"Name": NAME, "CreationTime": "CreationTime", "Status": status},
                default_order="Ascending",
            )
            return {
                "HyperParameterTuningJobSummaries": [self._summary(job) for job in found],
                **token,
            }

    def list_trials(self, params: Params) -> Params:
        """ListTrainingJobsForHyperParameterTuningJob; sorted by the objective, only trials that have one."""
        with self._store.changed:
            job = self.get(params[NAME])
            objective = _objective(job)
            told = [shown(trial, objective) for trial in self.trials_of(job)]
        if wanted := params.get("StatusEquals"):
            told = [each for each in told if each["TrainingJobStatus"] == wanted]
        if params.get("SortBy") == "FinalObjectiveMetricValue":
            told = [
                {**each, "Objective": each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]}
                for each in told
                if each["ObjectiveStatus"] == "Succeeded"
            ]
        found, token = page(
            told,
            params,
            name="TrainingJobName",
            sort_keys=TRIAL_SORTS,
            default_order="Ascending",
        )
        for each in found:
            each.pop("Objective", None)
        return {"TrainingJobSummaries": found, **token}

    def ranked(self, name: str) -> Params:
        """Return what a pipeline knows of a finished job: its description, and its trials, the best first."""
        with self._store.changed:
            job = self.get(name)
            objective = _objective(job)
            order = "Descending" if objective["Type"] == "Maximize" else "Ascending"
            asked = {NAME: name, "SortBy": "FinalObjectiveMetricValue", "SortOrder": order}
            return {**self._described(job), **self.list_trials({**asked, "MaxResults": 50})}

    def get(self, name: str) -> Record:
        """Return a live job. Raises ResourceNotFound."""
        if name not in self._jobs:
            raise not_found(f"Hyperparameter tuning job {name} does not exist.")
        return self._jobs[name]

    def tell(self, job: Record) -> None:
        """Put the job's state on the bus, with that of its trials."""
        with self._store.changed:
            told = {**job, **counters(self.trials_of(job), _objective(job))}
        super().tell(told)

    def trials_of(self, job: Record) -> Sequence[Record]:
        """Return the job's trials, in the order of their starts."""
        arn = job["HyperParameterTuningJobArn"]
        return [
            one
            for one in self._store.of("training jobs").values()
            if one.get("TuningJobArn") == arn
        ]

    def _seen(self, job: Record) -> Iterable[Tried]:
        search = self.beginnings[job[NAME]]
        with self._store.changed:
            parents = [self.trials_of(self.get(name)) for name in parents_of(job)]
            return [each for trials in parents for each in seen_of(trials, search)]

    def _described(self, job: Record) -> Params:
        objective, own = _objective(job), self.trials_of(job)
        told = {**job, **counters(own, objective), "ConsumedResources": _consumed(own)}
        if best := best_of(own, objective):
            told["BestTrainingJob"] = shown(best, objective)
        if (job.get("WarmStartConfig") or {}).get("WarmStartType") == IDENTICAL:
            parents = [one for name in parents_of(job) for one in self.trials_of(self.get(name))]
            if overall := best_of([*parents, *own], objective):
                told["OverallBestTrainingJob"] = {
                    **shown(overall, objective),
                    "TuningJobName": overall["TuningJobArn"].rpartition("/")[2],
                }
        return told

    def _summary(self, job: Record) -> Record:
        config = job["HyperParameterTuningJobConfig"]
        return {
            **summary(job, *SUMMARY),
            "Strategy": config["Strategy"],
            "ResourceLimits": config["ResourceLimits"],
            **counters(self.trials_of(job), _objective(job)),
        }


def _objective(job: Record) -> Record:
    return dict(job["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"])


def _consumed(trials: Iterable[Record]) -> Record:
    return {"RuntimeInSeconds": sum(one.get("TrainingTimeInSeconds", 0) for one in trials)}
