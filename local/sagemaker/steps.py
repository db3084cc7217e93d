"""What each type of pipeline step does when its turn comes.

Jobs and packages are asked for over the wire, as the pipeline's role: a role without the right to
CreateTrainingJob, or to pass the job's role, fails here as it would on AWS.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker.conditions import holds
from local.sagemaker.context import Context, random_id
from local.sagemaker.definition import Step
from local.sagemaker.errors import ServiceError
from local.sagemaker.expressions import CannotEvaluate, Evaluation
from local.sagemaker.jobs import Jobs
from local.sagemaker.registry import Registry
from local.sagemaker.retries import StepFailed, exception_of
from local.sagemaker.store import Record
from local.sagemaker.tuning import TuningJobs

NAME_ROOM = 28  # characters of a step's name in the names of its jobs, so that 63 suffice
TUNING_ROOM = 7  # as AWS has it in the names of tuning jobs, of which each may have 32


class StepStopped(Exception):
    """The execution was stopped while the step ran."""


@dataclass(frozen=True)
class Turn:
    """One step of one execution, at work."""

    step: Step
    execution_id: str
    role: str
    evaluation: Evaluation
    stop: threading.Event
    note: Callable[[Record], None]  # adds to the step's Metadata
    take_job: Callable[[Jobs, str], None]  # tells the execution what to stop when it is stopped


class StepTypes:
    """Runs steps by their type."""

    def __init__(
        self,
        context: Context,
        training: Jobs,
        processing: Jobs,
        tuning: TuningJobs,
        registry: Registry,
    ) -> None:
        """Look for the jobs and packages that steps ask for where the service keeps them."""
        self._context = context
        self._training = training
        self._processing = processing
        self._tuning = tuning
        self._registry = registry
        self._types: dict[str, Callable[[Turn], Record]] = {
            "Training": self._train,
            "Processing": self._process,
            "Tuning": self._tune,
            "RegisterModel": self._register,
            "Condition": _decide,
            "Fail": _fail,
        }

    def run(self, turn: Turn) -> Record:
        """Do the step; return its properties. Raises StepFailed or StepStopped."""
        try:
            return self._types[turn.step.type](turn)
        except CannotEvaluate as problem:
            raise StepFailed(f"ClientError: {problem}") from None
        except ServiceError as problem:
            raise StepFailed(f"ClientError: {problem.message}", exception_of(problem)) from None
        except ClientError as problem:
            error = ServiceError(problem.response["Error"].get("Code", ""), str(problem))
            raise StepFailed(f"ClientError: {problem}", exception_of(error)) from None
        except (BotoCoreError, OSError) as problem:
            raise StepFailed(f"ClientError: {problem}", "Step.SERVICE_FAULT") from None

    def _train(self, turn: Turn) -> Record:
        return self._job(turn, self._training, "create_training_job")

    def _process(self, turn: Turn) -> Record:
        job = self._job(turn, self._processing, "create_processing_job")
        return {**job, "ProcessingJobStatus": "Completed"}

    def _tune(self, turn: Turn) -> Record:
        operation, noted = "create_hyper_parameter_tuning_job", "TuningJob"
        name = _tuning_name(turn)
        self._job(turn, self._tuning, operation, name=name, noted=noted)
        return self._tuning.ranked(name)

    def _job(
        self,
        turn: Turn,
        jobs: Jobs,
        operation: str,
        *,
        name: str | None = None,
        noted: str | None = None,
    ) -> Record:
        kind = jobs.kind
        name = name or _job_name(turn)
        variables = {**turn.evaluation.variables, kind.field("Name"): name}
        arguments = replace(turn.evaluation, variables=variables).value(turn.step.arguments)
        answer = self._ask(turn, operation, {kind.field("Name"): name, **arguments})
        turn.note({noted or kind.field(""): {"Arn": answer[kind.field("Arn")]}})
        turn.take_job(jobs, name)
        job = jobs.wait(name)
        if job[kind.field("Status")] == "Stopped":
            if turn.stop.is_set():
                raise StepStopped
            why = job.get("FailureReason", "it was stopped by itself, not with its pipeline")
            raise StepFailed(f"ClientError: {kind.words} job {name} was stopped: {why}")
        if job[kind.field("Status")] == "Failed":
            reason = job["FailureReason"]
            ours = reason.startswith("InternalServerError")
            raise StepFailed(reason, "SageMaker.JOB_INTERNAL_ERROR" if ours else None)
        return dict(job)

    def _register(self, turn: Turn) -> Record:
        arguments = turn.evaluation.value(turn.step.arguments)
        answer = self._ask(turn, "create_model_package", arguments)
        turn.note({"RegisterModel": {"Arn": answer["ModelPackageArn"]}})
        return dict(self._registry.package(answer["ModelPackageArn"]))

    def _ask(self, turn: Turn, operation: str, arguments: Record) -> Any:
        client = self._context.clients.get("sagemaker", turn.role)
        return getattr(client, operation)(**arguments)


def _decide(turn: Turn) -> Record:
    outcome = all(
        holds(condition, turn.evaluation) for condition in turn.step.arguments["Conditions"]
    )
    turn.note({"Condition": {"Outcome": str(outcome)}})
    return {"Outcome": outcome}


def _fail(turn: Turn) -> Record:
    message = str(turn.evaluation.value(turn.step.arguments["ErrorMessage"]))
    turn.note({"Fail": {"ErrorMessage": message[:3072]}})
    raise StepFailed(message)


def _job_name(turn: Turn) -> str:
    step = turn.step.name.replace("_", "-")[:NAME_ROOM].strip("-")
    return f"pipelines-{turn.execution_id}-{step}-{random_id(10)}"


def _tuning_name(turn: Turn) -> str:
    step = turn.step.name.replace("_", "-")[:TUNING_ROOM].strip("-")
    return f"{turn.execution_id}-{step}-{random_id(10)}"
