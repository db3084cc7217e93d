"""How a training run ended, told from what its pipeline execution left behind."""

from typing import Literal

from trimtab.domain.base import Frozen

Ending = Literal[
    "successful",  # there is a version
    "failed",  # the check before training, or the gate after it, said no
    "error",  # it could not be told
]
"""How a run ended; the same words as the phases of everything else that ends."""

FINAL = frozenset({"Succeeded", "Failed", "Stopped", "CompletedWithFailures"})
"""The states after which SageMaker does no more for an execution."""


class FailedStep(Frozen):
    """The step that ended an execution."""

    name: str
    reason: str
    is_verdict: bool  # a Fail step speaks for the check or the gate; any other step broke


class Outcome(Frozen):
    """How a run ended, and the sentence that says why."""

    ending: Ending
    reason: str


def judge(status: str, step: FailedStep | None, verdict: str | None) -> Outcome:
    """Say how the run ended. `verdict` is the gate's own sentence, where the run came as far as that."""
    if status == "Succeeded":
        return Outcome(ending="successful", reason=verdict or "every step succeeded")
    if status == "Failed" and step is not None and step.is_verdict:
        return Outcome(ending="failed", reason=verdict or step.reason)
    if step is not None:
        return Outcome(ending="error", reason=f"step {step.name} failed: {step.reason}")
    if status == "Stopped":
        return Outcome(ending="error", reason="the pipeline execution was stopped")
    return Outcome(
        ending="error", reason=f"the pipeline execution ended as {status} without a failed step"
    )
