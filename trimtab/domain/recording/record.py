"""What is told of an execution beside its recipe: how long each step took, what it cost, how it ended."""

from datetime import date

from trimtab.domain.base import Frozen
from trimtab.domain.endings import Outcome
from trimtab.domain.recording import prices
from trimtab.domain.recording.facts import ExecutionFacts, Kind, Step


class StepRecord(Frozen):
    """One step: how it ended, how long it took, and what that cost."""

    name: str
    status: str
    seconds: float | None
    billed_seconds: float | None  # of its job; None if it ran none
    instance_type: str | None
    instances: int | None
    cost_usd: float | None
    cached: bool
    reason: str
    job: str | None = None  # its name; None if the step ran none
    job_kind: Kind | None = None


class ExecutionRecord(Frozen):
    """One execution of a pipeline."""

    execution_arn: str
    status: str
    seconds: float | None
    cost_usd: float | None  # an estimate; None if an instance type has no price in the table
    prices_as_of: date
    prices_of: str  # the region whose list prices these are
    steps: tuple[StepRecord, ...]
    failed_step: str | None
    reason: str  # of the failure, or the verdict
    log: tuple[str, ...]  # last lines of the job that failed


def record_of(facts: ExecutionFacts, outcome: Outcome | None) -> ExecutionRecord:
    """Return what is told of an execution; `outcome` is None while it is under way."""
    failed = facts.failed_step
    return ExecutionRecord(
        execution_arn=facts.arn,
        status=facts.status,
        seconds=facts.seconds,
        cost_usd=facts.cost_usd,
        prices_as_of=prices.AS_OF,
        prices_of=prices.REGION,
        steps=tuple(_told(step) for step in facts.steps),
        failed_step=failed.name if failed else None,
        reason=outcome.reason if outcome else "",
        log=facts.log,
    )


def _told(step: Step) -> StepRecord:
    job = step.job
    return StepRecord(
        name=step.name,
        status=step.status,
        seconds=step.seconds,
        billed_seconds=job.seconds if job else None,
        instance_type=job.instance_type if job else None,
        instances=job.instances if job else None,
        cost_usd=0.0 if step.cached else job.cost_usd if job else None,
        cached=step.cached,
        reason=step.reason,
        job=job.name if job else None,
        job_kind=job.kind if job else None,
    )
