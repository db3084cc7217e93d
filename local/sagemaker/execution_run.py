"""One pipeline execution at work: steps in order, several at once, retried, stopped."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from local.sagemaker import events, storage
from local.sagemaker.context import Context
from local.sagemaker.definition import Definition, Step
from local.sagemaker.errors import ServiceError
from local.sagemaker.expressions import CannotEvaluate, Evaluation
from local.sagemaker.jobs import Jobs
from local.sagemaker.retries import StepFailed, policy_for
from local.sagemaker.steps import StepStopped, StepTypes, Turn
from local.sagemaker.store import Record

logger = logging.getLogger(__name__)

PARALLEL_STEPS = 50  # SageMaker's default
STEP_REASON_LENGTH = 2048
STEP_FAILURE = "Step failure: One or multiple steps failed."


class ExecutionRun:
    """Runs the steps of one execution to the end."""

    def __init__(
        self, context: Context, types: StepTypes, definition: Definition, execution: Record
    ) -> None:
        """Take a recorded execution; `run` does the rest."""
        self._context = context
        self._store = context.store
        self._types = types
        self._definition = definition
        self._execution = execution
        self._properties: dict[str, Record] = {}  # of steps that succeeded
        self._skipped: set[str] = set()
        self._started: set[str] = set()
        self._failed = False
        self._stop = threading.Event()
        self._jobs: list[tuple[Jobs, str]] = []

    def run(self, finished: Callable[[], None]) -> None:
        """Run every step that can run, settle the status, then call `finished`."""
        try:
            self._run_steps()
            self._settle(self._status())
        except Exception as problem:
            logger.exception("execution %s", self._execution["PipelineExecutionArn"])
            self._execution["FailureReason"] = f"InternalServerError: {problem}"[:1300]
            self._settle("Failed")
        finally:
            finished()

    def stop(self) -> None:
        """Start no further step and stop the jobs that run."""
        with self._store.changed:
            self._stop.set()
            jobs = list(self._jobs)
        for kind, name in jobs:
            _stop_job(kind, name)

    def _run_steps(self) -> None:
        config = self._execution.get("ParallelismConfiguration") or {}
        limit = config.get("MaxParallelExecutionSteps", PARALLEL_STEPS)
        running: set[Future[None]] = set()
        with ThreadPoolExecutor(limit, thread_name_prefix="step") as pool:
            while True:
                for step in self._ready():
                    self._started.add(step.name)
                    running.add(pool.submit(self._run_step, step))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()

    def _ready(self) -> list[Step]:
        """Return the steps whose turn it is; mark those whose turn will never come."""
        if self._failed or self._stop.is_set():
            return []
        found: list[Step] = []
        # A skipped step skips those after it, whatever the order in which they are written.
        while self._skip_more():
            pass
        for step in self._definition.steps.values():
            known = step.name in self._started or step.name in self._skipped
            if not known and step.after <= self._properties.keys():
                found.append(step)
        return found

    def _skip_more(self) -> bool:
        before = len(self._skipped)
        for step in self._definition.steps.values():
            outcome = self._properties.get(step.condition or "", {}).get("Outcome")
            other_branch = outcome is not None and outcome != step.branch
            if other_branch or step.after & self._skipped:
                self._skipped.add(step.name)
        return len(self._skipped) > before

    def _run_step(self, step: Step) -> None:
        record = self._open(step)
        try:
            properties = self._with_retries(step, record)
        except StepStopped:
            self._close(record, "Stopped")
        except StepFailed as failure:
            self._failed = True
            self._close(record, "Failed", failure.reason)
        except Exception as problem:
            logger.exception("step %s", step.name)
            self._failed = True
            self._close(record, "Failed", f"InternalServerError: {problem}")
        else:
            self._properties[step.name] = properties
            self._close(record, "Succeeded")

    def _with_retries(self, step: Step, record: Record) -> Record:
        began, retries = time.monotonic(), 0
        while True:
            record["AttemptCount"] = retries + 1
            try:
                return self._types.run(self._turn(step, record))
            except StepFailed as failure:
                policy = policy_for(step.retries, failure)
                pause = policy.wait(retries, time.monotonic() - began) if policy else None
                if pause is None:
                    raise
            if not self._context.clock.sleep(pause, self._stop):
                raise StepStopped
            retries += 1

    def _turn(self, step: Step, record: Record) -> Turn:
        def note(metadata: Record) -> None:
            self._store.update(record, Metadata={**record["Metadata"], **metadata})

        return Turn(
            step=step,
            execution_id=self._execution["ExecutionId"],
            role=self._execution["RoleArn"],
            evaluation=self._evaluation(),
            stop=self._stop,
            note=note,
            take_job=self._take_job,
        )

    def _evaluation(self) -> Evaluation:
        execution = self._execution
        return Evaluation(
            parameters=execution["Parameters"],
            variables={
                "PipelineName": execution["PipelineName"],
                "PipelineArn": execution["PipelineArn"],
                "PipelineExecutionId": execution["ExecutionId"],
                "PipelineExecutionArn": execution["PipelineExecutionArn"],
                "StartDateTime": events.iso(execution["CreationTime"]),
                "CurrentDateTime": events.iso(self._context.now()),
            },
            properties=self._properties_of,
            property_file=self._property_file,
            read=self._read,
        )

    def _properties_of(self, step: str) -> Record:
        if step not in self._properties:
            raise CannotEvaluate(f"step {step} has not run")
        return self._properties[step]

    def _property_file(self, step: str, name: str) -> str:
        files = self._definition.steps[step].body.get("PropertyFiles") or []
        declared = next(item for item in files if item["PropertyFileName"] == name)
        outputs = self._properties_of(step)["ProcessingOutputConfig"]["Outputs"]
        for output in outputs:
            if output["OutputName"] == declared["OutputName"]:
                return f"{output['S3Output']['S3Uri'].rstrip('/')}/{declared['FilePath']}"
        raise CannotEvaluate(f"step {step} has no output {declared['OutputName']}")

    def _read(self, address: str) -> bytes:
        bucket, key = storage.split(address)
        s3 = self._context.clients.get("s3", self._execution["RoleArn"])
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _take_job(self, jobs: Jobs, name: str) -> None:
        with self._store.changed:
            self._jobs.append((jobs, name))
            late = self._stop.is_set()
        if late:
            _stop_job(jobs, name)

    def _open(self, step: Step) -> Record:
        record: Record = {
            "StepName": step.name,
            "Type": step.type,
            "StartTime": self._context.now(),
            "StepStatus": "Executing",
            "AttemptCount": 1,
            "Metadata": {},
        }
        for shown, given in (
            ("StepDisplayName", "DisplayName"),
            ("StepDescription", "Description"),
        ):
            if step.body.get(given):
                record[shown] = step.body[given]
        with self._store.changed:
            self._execution["Steps"].append(record)
        events.step_changed(self._context, self._execution, record, "Starting")
        return record

    def _close(self, record: Record, status: str, reason: str | None = None) -> None:
        with self._store.changed:
            record["StepStatus"] = status
            record["EndTime"] = self._context.now()
            if reason is not None:
                record["FailureReason"] = reason[:STEP_REASON_LENGTH]
            self._store.changed.notify_all()
        events.step_changed(self._context, self._execution, record, "Executing")

    def _status(self) -> str:
        if self._stop.is_set():
            return "Stopped"
        return "Failed" if self._failed else "Succeeded"

    def _settle(self, status: str) -> None:
        previous = self._execution["PipelineExecutionStatus"]
        with self._store.changed:
            now = self._context.now()
            if status == "Failed":
                self._execution.setdefault("FailureReason", STEP_FAILURE)
            self._execution["EndTime"] = self._execution["LastModifiedTime"] = now
            self._execution["PipelineExecutionStatus"] = status
            self._store.changed.notify_all()
        events.execution_changed(self._context, self._execution, previous)


def _stop_job(jobs: Jobs, name: str) -> None:
    try:
        jobs.stop({jobs.kind.field("Name"): name})
    except ServiceError:
        logger.debug("job %s had ended before it could be stopped", name)
