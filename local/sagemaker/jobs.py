"""What training and processing jobs share: names, states, threads, stopping, failure."""

import contextlib
import logging
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker.container import Container, Outcome
from local.sagemaker.context import Context
from local.sagemaker.errors import ServiceError, in_use, invalid
from local.sagemaker.paging import page, summary
from local.sagemaker.store import Record
from local.sagemaker.tags import Tags

logger = logging.getLogger(__name__)

Params = dict[str, Any]

REASON_LENGTH = 1024
FINAL = frozenset(("Completed", "Failed", "Stopped"))
TIME_IS_UP = "MaxRuntimeExceeded"
DEFAULT_SECONDS = 24 * 3600  # MaxRuntimeInSeconds of a job that names none


class JobFailed(Exception):
    """The job ends as Failed, with this reason."""


class TimeIsUp(Exception):
    """The job ends as Stopped: it ran longer than its StoppingCondition allows."""


@dataclass(frozen=True)
class Kind:
    """What sets one kind of job apart."""

    noun: str  # Training, as in TrainingJobName
    arn: str
    log_group: str
    tell: Callable[[Context, Record, dict[str, str]], None]
    words: str  # the noun as sentences have it

    def field(self, suffix: str) -> str:
        """TrainingJobName from Name."""
        return f"{self.noun}Job{suffix}"


class Jobs:
    """Jobs of one kind. Subclasses say what one does between its start and its end."""

    kind: Kind

    def __init__(self, context: Context, tags: Tags) -> None:
        """Keep jobs in the context's store, what runs of them here."""
        self._context = context
        self._store = context.store
        self._tags = tags
        self._running: dict[str, Container] = {}
        self.beginnings: dict[str, Any] = {}

    def work(self, job: Record, container: Container) -> None:
        """Do the job; raises JobFailed."""
        raise NotImplementedError

    def role_of(self, params: Params) -> str:
        """Return the role that the job of a request acts as."""
        return str(params["RoleArn"])

    def start(self, params: Params, *, beginning: Any = None, **extra: Any) -> Params:
        """Record the job and let it run; `extra` are further fields of its description.

        `beginning` is what its work is told and its record is not, as long as it runs.
        """
        name = params[self.kind.field("Name")]
        arn, role = self._context.arn(self.kind.arn, name), self.role_of(params)
        self._context.clients.require_role(role)
        with self._store.changed:
            if name in self._jobs:
                raise in_use(
                    f"{self.kind.words.capitalize()} job names must be unique within an AWS account and region, "
                    f"and a {self.kind.words} job with this name already exists ({arn})"
                )
            now = self._context.now()
            job: Record = {
                **{
                    key: value
                    for key, value in params.items()
                    if key != "Tags" and value is not None
                },
                **extra,
                self.kind.field("Arn"): arn,
                self.kind.field("Status"): "InProgress",
                "CreationTime": now,
                "LastModifiedTime": now,
            }
            self._jobs[name] = job
            container = Container(self._context, self._context.scratch("job"), role)
            self._running[name] = container
            self.beginnings[name] = beginning
        self._tags.put(arn, params.get("Tags"))
        self.tell(job)
        threading.Thread(
            target=self._run, args=(job, container), name=f"job {name}", daemon=True
        ).start()
        return {self.kind.field("Arn"): arn}

    def describe(self, params: Params) -> Params:
        """DescribeTrainingJob, DescribeProcessingJob."""
        with self._store.changed:
            return dict(self.get(params[self.kind.field("Name")]))

    def list(self, params: Params) -> Params:
        """ListTrainingJobs, ListProcessingJobs."""
        name, status = self.kind.field("Name"), self.kind.field("Status")
        kept = list(self._jobs.values())
        if wanted := params.get("StatusEquals"):
            kept = [job for job in kept if job[status] == wanted]
        found, token = page(
            kept,
            params,
            name=name,
            sort_keys={"CreationTime": "CreationTime", "Name": name, "Status": status},
        )
        end = f"{self.kind.noun}EndTime"
        fields = (name, self.kind.field("Arn"), "CreationTime", end, "LastModifiedTime", status)
        return {f"{self.kind.noun}JobSummaries": [summary(job, *fields) for job in found], **token}

    def stop(self, params: Params) -> Params:
        """StopTrainingJob, StopProcessingJob: Stopping, then Stopped once the process has ended."""
        name, status = params[self.kind.field("Name")], self.kind.field("Status")
        with self._store.changed:
            job = self.get(name)
            if job[status] in FINAL:
                raise invalid(
                    f"The request was rejected because the {self.kind.words} job is in status {job[status]}."
                )
            job[status] = "Stopping"
            container = self._running.get(name)
            if container is not None:
                container.stopped.set()  # before its work can end as if nobody had asked
            self._store.changed.notify_all()
        self.tell(job)
        if container is not None:
            threading.Thread(target=container.stop, name=f"stop {name}", daemon=True).start()
        return {}

    def end(self, name: str) -> None:
        """Stop a job that may have ended by itself meanwhile."""
        with contextlib.suppress(ServiceError):
            self.stop({self.kind.field("Name"): name})

    def get(self, name: str) -> Record:
        """Return a live job. Raises ValidationException."""
        if name not in self._jobs:
            raise invalid("Requested resource not found.")
        return self._jobs[name]

    def wait(self, name: str) -> Record:
        """Block until the job has ended; return it."""
        job, status = self.get(name), self.kind.field("Status")
        self._store.wait(lambda: job[status] in FINAL)
        return job

    def abandon(self) -> None:
        """End as Failed what a snapshot shows as running: its process is gone."""
        for job in self._jobs.values():
            if job[self.kind.field("Status")] not in FINAL:
                self._end(
                    job, "Failed", "InternalServerError: the local cloud was stopped meanwhile"
                )

    def close(self) -> None:
        """Stop what runs."""
        for container in list(self._running.values()):
            container.stop()

    def tell(self, job: Record) -> None:
        """Put the job's state on the bus."""
        with self._store.changed:
            copy = dict(job)
        self.kind.tell(self._context, copy, self._tags.of(job[self.kind.field("Arn")]))

    def ended(self, job: Record, status: str, reason: str | None) -> None:
        """Note what else changes with the end of a job."""

    @property
    def _jobs(self) -> dict[str, Record]:
        return self._store.of(f"{self.kind.noun.lower()} jobs")

    def _run(self, job: Record, container: Container) -> None:
        status, reason = "Completed", None
        try:
            self.work(job, container)
        except JobFailed as failure:
            status, reason = "Failed", str(failure)
        except TimeIsUp:
            status, reason = "Stopped", TIME_IS_UP
        except (ServiceError, ClientError) as problem:
            status, reason = "Failed", f"ClientError: {_said(problem)}"
        except (BotoCoreError, OSError) as problem:
            status, reason = "Failed", f"InternalServerError: {problem}"
        except Exception as problem:
            logger.exception("job %s", job[self.kind.field("Name")])
            status, reason = "Failed", f"InternalServerError: {problem}"
        if container.stopped.is_set():
            status, reason = "Stopped", None
        shutil.rmtree(container.root, ignore_errors=True)
        self._running.pop(job[self.kind.field("Name")], None)
        self.beginnings.pop(job[self.kind.field("Name")], None)
        self._end(job, status, reason)

    def _end(self, job: Record, status: str, reason: str | None) -> None:
        now = self._context.now()
        with self._store.changed:
            self.ended(job, status, reason)
            if reason is not None:
                job["FailureReason"] = reason[:REASON_LENGTH]
            job[f"{self.kind.noun}EndTime"] = job["LastModifiedTime"] = now
        # Told before it shows: who waits for the end then finds the event already on its way.
        self.tell({**job, self.kind.field("Status"): status})
        self._store.update(job, **{self.kind.field("Status"): status})


def failure_of(outcome: Outcome, said: str | None) -> JobFailed:
    """Return why a container's exit code was not 0, in its own words or its log's last."""
    words = said or "\n".join(outcome.last_lines[-8:])
    closing = f", exit code: {outcome.exit_code}"
    opening = "AlgorithmError: "
    return JobFailed(opening + words.strip()[: REASON_LENGTH - len(opening + closing)] + closing)


def runtime_seconds(job: Record) -> float:
    """Return how long the job may run."""
    stopping = job.get("StoppingCondition") or {}
    return float(stopping.get("MaxRuntimeInSeconds", DEFAULT_SECONDS))


def _said(problem: ServiceError | ClientError) -> str:
    return problem.message if isinstance(problem, ServiceError) else str(problem)
