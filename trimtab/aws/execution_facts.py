"""Reads of SageMaker what an execution did: steps, jobs, trials, and the last words of a job that failed."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trimtab.domain.endings import FINAL
from trimtab.domain.plans import Variant
from trimtab.domain.recording.facts import ExecutionFacts, Job, Kind, MetricValue, Step, Trial
from trimtab.domain.recording.metric_lines import metric_values

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sagemaker import SageMakerClient

LOG_GROUPS = {
    "training": "/aws/sagemaker/TrainingJobs",
    "processing": "/aws/sagemaker/ProcessingJobs",
}
LOG_LINES = 30  # of a job that failed, that are kept
LOG_PAGE = 10_000  # lines that CloudWatch Logs gives at most
LOG_READ = 3 * LOG_PAGE  # of a training, that are looked through for its metrics
KINDS: dict[str, Kind] = {
    "TrainingJob": "training",
    "ProcessingJob": "processing",
    "TuningJob": "tuning",
}
GONE = ("ValidationException", "ResourceNotFound", "ResourceNotFoundException")
"""What SageMaker and CloudWatch Logs say of a job or a log that is not there (any more)."""
NOT_READABLE = (*GONE, "AccessDeniedException")


class ExecutionReader:
    """Reads executions of training pipelines; `logs` is asked for a client only when a job failed."""

    def __init__(
        self, sagemaker: "SageMakerClient", logs: Callable[[], "CloudWatchLogsClient"]
    ) -> None:
        self._sagemaker = sagemaker
        self._logs = logs

    def read(self, arn: str, model: str, variant: Variant) -> ExecutionFacts:
        """Return all that is known of an execution; once it is over, that is all there will ever be."""
        told = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        status = told["PipelineExecutionStatus"]
        facts = ExecutionFacts(
            arn=arn,
            model=model,
            variant=variant,
            status=status,
            started_at=told["CreationTime"],
            ended_at=told["LastModifiedTime"] if status in FINAL else None,
            request_id=told.get("PipelineExecutionDisplayName"),
            parameters=self._parameters(arn),
            steps=tuple(self._steps(arn)),
        )
        failed = facts.failed_step
        if failed is None or failed.job is None:
            return facts
        return facts.model_copy(update={"log": self._last_words(failed.job)})

    def trials(self, tuning_job: str) -> list[Trial]:
        """Return the trials of a sweep without what only each trial's own job tells."""
        told = self._sagemaker.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=tuning_job
        )
        best = told.get("BestTrainingJob", {}).get("TrainingJobName")
        pages = self._sagemaker.get_paginator(
            "list_training_jobs_for_hyper_parameter_tuning_job"
        ).paginate(HyperParameterTuningJobName=tuning_job)
        return [
            _trial(one, is_best=one["TrainingJobName"] == best)
            for page in pages
            for one in page["TrainingJobSummaries"]
        ]

    def with_job(self, trial: Trial) -> Trial:
        """Return a trial with all that its job tells: metrics, instances, what it cost."""
        return trial.model_copy(update={"job": self._job("training", trial.job.name)})

    def _parameters(self, arn: str) -> dict[str, str]:
        found: dict[str, str] = {}
        pages = self._sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(
            PipelineExecutionArn=arn
        )
        for page in pages:
            found |= {one["Name"]: one["Value"] for one in page["PipelineParameters"]}
        return found

    def _steps(self, arn: str) -> Iterator[Step]:
        pages = self._sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=arn, SortOrder="Ascending"
        )
        for page in pages:
            for step in page["PipelineExecutionSteps"]:
                yield self._step(step)

    def _step(self, told: Mapping[str, Any]) -> Step:
        """Return a step; of a training that succeeded its metrics by step, where its log can be read."""
        metadata = told.get("Metadata", {})
        said = metadata.get("Fail", {}).get("ErrorMessage", "")
        return Step(
            name=told["StepName"],
            status=told["StepStatus"],
            started_at=told.get("StartTime"),
            ended_at=told.get("EndTime"),
            reason=told.get("FailureReason") or said,
            is_verdict="Fail" in metadata,
            cached="CacheHitResult" in told,
            job=self._with_history(self._job_of(metadata), told["StepStatus"]),
        )

    def _with_history(self, job: Job | None, status: str) -> Job | None:
        if job is None or not job.patterns or status != "Succeeded":
            return job
        values = metric_values(self._lines(job, from_head=True, most=LOG_READ), job.patterns)
        return job.model_copy(update={"metrics": values}) if values else job

    def _job_of(self, metadata: Mapping[str, Any]) -> Job | None:
        for word, kind in KINDS.items():
            if arn := metadata.get(word, {}).get("Arn"):
                return self._job(kind, arn.rpartition("/")[2])
        return None

    def _job(self, kind: Kind, name: str) -> Job:
        """Return a job; of one that SageMaker does not know any more only its name, and so no cost."""
        read: dict[Kind, Callable[[str], Job]] = {
            "training": self._training,
            "processing": self._processing,
            "tuning": self._tuning,
        }
        try:
            return read[kind](name)
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return Job(name=name, kind=kind)
            raise

    def _training(self, name: str) -> Job:
        told = self._sagemaker.describe_training_job(TrainingJobName=name)
        resources = told.get("ResourceConfig", {})
        return Job(
            name=name,
            kind="training",
            image=told.get("AlgorithmSpecification", {}).get("TrainingImage", ""),
            instance_type=resources.get("InstanceType"),
            instances=resources.get("InstanceCount", 1),
            seconds=float(told.get("BillableTimeInSeconds", 0)),
            hyperparameters=dict(told.get("HyperParameters", {})),
            metrics=tuple(_metrics(told.get("FinalMetricDataList", []))),
            patterns={
                one["Name"]: one["Regex"]
                for one in told.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
            },
            model_uri=told.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        )

    def _processing(self, name: str) -> Job:
        told = self._sagemaker.describe_processing_job(ProcessingJobName=name)
        cluster = told.get("ProcessingResources", {}).get("ClusterConfig", {})
        inputs = {
            one["InputName"]: one.get("S3Input", {}) for one in told.get("ProcessingInputs", [])
        }
        return Job(
            name=name,
            kind="processing",
            image=told.get("AppSpecification", {}).get("ImageUri", ""),
            instance_type=cluster.get("InstanceType"),
            instances=cluster.get("InstanceCount", 1),
            seconds=_between(told.get("ProcessingStartTime"), told.get("ProcessingEndTime")),
            inputs={each: one["S3Uri"] for each, one in inputs.items() if "S3Uri" in one},
        )

    def _tuning(self, name: str) -> Job:
        told = self._sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        definition = told.get("TrainingJobDefinition", {})
        return Job(
            name=name,
            kind="tuning",
            image=definition.get("AlgorithmSpecification", {}).get("TrainingImage", ""),
            hyperparameters=dict(definition.get("StaticHyperParameters", {})),
        )

    def _last_words(self, job: Job) -> tuple[str, ...]:
        """The last lines of a job's log; nothing where there is none, or none that may be read."""
        return tuple(text for _, text in self._lines(job, from_head=False, most=LOG_LINES))

    def _lines(self, job: Job, *, from_head: bool, most: int) -> list[tuple[datetime, str]]:
        group = LOG_GROUPS.get(job.kind)
        if group is None:
            return []
        try:
            return list(self._read_log(group, f"{job.name}/", from_head=from_head, most=most))
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_READABLE:
                return []
            raise

    def _read_log(
        self, group: str, prefix: str, *, from_head: bool, most: int
    ) -> Iterator[tuple[datetime, str]]:
        logs = self._logs()
        told = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)
        if not told["logStreams"]:
            return
        asked: dict[str, Any] = {
            "logGroupName": group,
            "logStreamName": told["logStreams"][-1]["logStreamName"],
            "startFromHead": from_head,
            "limit": min(most, LOG_PAGE),
        }
        for _ in range(0, most, LOG_PAGE):
            page = logs.get_log_events(**asked)
            for event in page["events"]:
                yield (
                    datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
                    event["message"].rstrip(),
                )
            if page["nextForwardToken"] == asked.get("nextToken") or not page["events"]:
                return
            asked["nextToken"] = page["nextForwardToken"]


def _trial(told: Mapping[str, Any], *, is_best: bool) -> Trial:
    objective = told.get("FinalHyperParameterTuningJobObjectiveMetric")
    started, ended = (
        told.get("TrainingStartTime") or told["CreationTime"],
        told.get("TrainingEndTime"),
    )
    at = ended or started
    return Trial(
        job=Job(name=told["TrainingJobName"], kind="training", seconds=_between(started, ended)),
        status=told["TrainingJobStatus"],
        reason=told.get("FailureReason", ""),
        started_at=started,
        ended_at=ended,
        tuned=dict(told.get("TunedHyperParameters", {})),
        objective=None
        if objective is None
        else MetricValue(name=objective["MetricName"], value=float(objective["Value"]), at=at),
        is_best=is_best,
    )


def _metrics(told: list[Any]) -> Iterator[MetricValue]:
    for one in told:
        yield MetricValue(name=one["MetricName"], value=float(one["Value"]), at=one["Timestamp"])


def _between(started: datetime | None, ended: datetime | None) -> float:
    return max((ended - started).total_seconds(), 0.0) if started and ended else 0.0
