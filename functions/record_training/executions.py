"""Records the run of an execution, and ends the training request that it served."""

from functions.record_training.recipes import origin_of
from functions.record_training.reproductions import judge_rerun
from functions.record_training.runs import Recording
from functions.record_training.schema import ExecutionDetail
from trimtab import names
from trimtab.aws.evaluations import Evaluations
from trimtab.aws.executions import Execution, Executions
from trimtab.aws.training import Trainings
from trimtab.domain.endings import FINAL, Outcome, judge
from trimtab.domain.finishing import ended, entry_of, told_as
from trimtab.domain.plans import Variant
from trimtab.domain.recording.runs import INSTANCE_HOURS
from trimtab.domain.training import TrainingRequest
from trimtab.errors import Fault
from trimtab.observability import logger
from trimtab.runtime import Runtime

ACTOR = "record_training"


def record_execution(runtime: Runtime, detail: ExecutionDetail) -> TrainingRequest | None:
    """Record what an execution came to, end its request, once, and tell it; None if it served none of ours."""
    model, variant = names.of_pipeline(runtime.settings.stage, detail.pipeline)
    executions = Executions(runtime.sagemaker, runtime.settings.stage)
    execution = executions.get(detail.arn)
    request = _request_of(Trainings(runtime.table), model, execution)
    if detail.status not in FINAL:
        if execution.status not in FINAL:  # else the event of its end tells more than this one
            _record(runtime, model, variant, request, execution, None)
        return None
    if execution.status not in FINAL:
        # SageMaker lags behind its own event, or the execution was retried: the next delivery can tell.
        raise Fault(f"{execution.arn} was told as {detail.status} and is {execution.status}")
    outcome = _outcome(runtime, model, execution)
    if request is not None and request.ended_at is None:
        request = _end(runtime, model, request, execution, outcome)
    try:
        _record(runtime, model, variant, request, execution, outcome)
    finally:
        # What waits for the end does not wait for the record: whatever keeps it from being written is tried again.
        if request is not None:
            runtime.bus.publish(told_as(model, request))
    return request


def _record(
    runtime: Runtime,
    model: str,
    variant: Variant,
    request: TrainingRequest | None,
    execution: Execution,
    outcome: Outcome | None,
) -> None:
    run_id = request.plan.origin_run_id if request else None
    origin = origin_of(runtime, run_id) if run_id else None
    run = Recording(runtime, request, origin).record(execution.arn, model, variant, outcome)
    if request is not None and outcome is not None:
        used = run.metrics[INSTANCE_HOURS].value
        Trainings(runtime.table).note_used(model, request.request_id, used)
        judge_rerun(runtime, model, request, run)


def _request_of(trainings: Trainings, model: str, execution: Execution) -> TrainingRequest | None:
    """The request that the execution serves; None for one that somebody started beside Trimtab."""
    request = trainings.request(model, execution.request_id) if execution.request_id else None
    if request is None or request.execution_arn not in (None, execution.arn):
        return None
    return request


def _outcome(runtime: Runtime, model: str, execution: Execution) -> Outcome:
    executions = Executions(runtime.sagemaker, runtime.settings.stage)
    step = None if execution.status == "Succeeded" else executions.failed_step(execution.arn)
    evaluations = Evaluations(runtime.s3, runtime.settings.bucket)
    evaluation = evaluations.get(model, execution.id)
    return judge(execution.status, step, evaluation.gate.sentence if evaluation else None)


def _end(
    runtime: Runtime, model: str, request: TrainingRequest, execution: Execution, outcome: Outcome
) -> TrainingRequest:
    served = request.model_copy(update={"phase": "running", "execution_arn": execution.arn})
    wanted = ended(served, outcome, runtime.clock.now())
    entry = entry_of(model, served, wanted, id=runtime.new_id(), actor=ACTOR)
    kept = Trainings(runtime.table).end(model, wanted, entry)
    logger.info(
        "training finished",
        model=model,
        request_id=kept.request_id,
        phase=kept.phase,
        reason=kept.verdict,
    )
    return kept
