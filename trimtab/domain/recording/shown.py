"""A run with all that is told of the execution that it is, where it is one."""

from trimtab.domain.recording.recipe import Recipe
from trimtab.domain.recording.record import ExecutionRecord
from trimtab.domain.recording.reproduction import Reproduction
from trimtab.domain.tracking.summaries import RunSummary


class RunShown(RunSummary):
    """What a run was, with what, how good it became, how long it took, what it cost, and whether it reproduced."""

    recipe: Recipe | None = None  # None: a client tracked the run itself
    execution: ExecutionRecord | None = None  # of a trial, that of its sweep
    reproduction: Reproduction | None = None  # of a run that runs another one again
