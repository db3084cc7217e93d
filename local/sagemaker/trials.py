"""The trials of a tuning job as its API shows them: told of the training jobs' own records."""

from collections.abc import Iterable

from local.sagemaker.paging import summary
from local.sagemaker.store import Record

UNDER_WAY = ("InProgress", "Stopping")
SERVICE = "InternalServerError"  # begins the reason of a failure that is not the algorithm's


def objective_of(trial: Record, metric: str) -> float | None:
    """Return the last value of the objective that the trial's log told, once it has ended."""
    if trial["TrainingJobStatus"] in UNDER_WAY:
        return None
    told = trial.get("FinalMetricDataList") or []
    return next((each["Value"] for each in told if each["MetricName"] == metric), None)


def best_of(trials: Iterable[Record], objective: Record) -> Record | None:
    """Return the trial that completed with the best objective; the earlier one of two alike."""
    sign = 1 if objective["Type"] == "Maximize" else -1
    found: tuple[float, Record] | None = None
    for trial in trials:
        value = objective_of(trial, objective["MetricName"])
        if value is None or trial["TrainingJobStatus"] != "Completed":
            continue
        if found is None or sign * value > found[0]:
            found = sign * value, trial
    return found[1] if found else None


def shown(trial: Record, objective: Record) -> Record:
    """Return a trial's summary."""
    told = summary(
        trial,
        "TrainingJobName",
        "TrainingJobArn",
        "CreationTime",
        "TrainingStartTime",
        "TrainingEndTime",
        "TrainingJobStatus",
        "FailureReason",
        "TunedHyperParameters",
    )
    if trial["TrainingJobStatus"] in UNDER_WAY:
        return {**told, "ObjectiveStatus": "Pending"}
    value = objective_of(trial, objective["MetricName"])
    if value is None:
        return {**told, "ObjectiveStatus": "Failed"}
    final = {"Type": objective["Type"], "MetricName": objective["MetricName"], "Value": value}
    return {
        **told,
        "FinalHyperParameterTuningJobObjectiveMetric": final,
        "ObjectiveStatus": "Succeeded",
    }


def counters(trials: Iterable[Record], objective: Record) -> Record:
    """Return how many trials are in which state, and of how many the objective is known."""
    states = dict.fromkeys(
        ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped"), 0
    )
    results = dict.fromkeys(("Succeeded", "Pending", "Failed"), 0)
    for trial in trials:
        states[_state(trial)] += 1
        results[shown(trial, objective)["ObjectiveStatus"]] += 1
    return {"TrainingJobStatusCounters": states, "ObjectiveStatusCounters": results}


def _state(trial: Record) -> str:
    status = str(trial["TrainingJobStatus"])
    if status in UNDER_WAY:
        return "InProgress"
    if status != "Failed":
        return status
    ours = trial.get("FailureReason", "").startswith(SERVICE)
    return "RetryableError" if ours else "NonRetryableError"
