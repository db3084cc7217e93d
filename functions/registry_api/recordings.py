"""What was recorded of a run that is an execution of a pipeline, or one of its trials: recipe, durations, costs."""

from typing import Any

from trimtab.aws.run_files import RunFiles
from trimtab.domain.recording.record import ExecutionRecord
from trimtab.domain.recording.reproduction import REPRODUCTION_FILE, Reproduction
from trimtab.domain.recording.runs import EXECUTION_FILE, EXECUTION_TAG, TRIAL_TAG, is_recorded
from trimtab.domain.tracking.runs import Run
from trimtab.domain.tracking.summaries import MODEL_TAG
from trimtab.runtime import Runtime


def recording_of(runtime: Runtime, run: Run) -> dict[str, Any]:
    """Return recipe, execution and reproduction of a run, as far as they were recorded."""
    arn, model = run.tags.get(EXECUTION_TAG), run.tags.get(MODEL_TAG)
    if not arn or not model or not is_recorded(run):
        return {}
    execution = arn.rpartition("/")[2]
    files = RunFiles(runtime.s3, runtime.settings.bucket)
    record = files.json(model, execution, EXECUTION_FILE)
    again = None if TRIAL_TAG in run.tags else files.json(model, execution, REPRODUCTION_FILE)
    return {
        "recipe": files.recipe_of(run),
        "execution": record and ExecutionRecord.model_validate(record, strict=False),
        "reproduction": again and Reproduction.model_validate(again, strict=False),
    }
