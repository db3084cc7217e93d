"""The words that a definition is written in: steps, values that SageMaker fills in, retries."""

from typing import Any

Json = dict[str, Any]

THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Idle threads sleep instead of spinning: no loss on a machine of one's own, more than half the time on a busy one."""
VOLUME_GB = 30


def step(name: str, kind: str, arguments: Json, **more: Any) -> Json:
    """Return a step."""
    return {"Name": name, "Type": kind, "Arguments": arguments, **more}


def get(reference: str) -> Json:
    """Return what SageMaker replaces with the value that is meant."""
    return {"Get": reference}


def parameter(name: str) -> Json:
    """Return what SageMaker replaces with a parameter's value."""
    return get(f"Parameters.{name}")


def join(*parts: Any) -> Json:
    """Return what SageMaker replaces with its parts in a row, as text."""
    return {"Std:Join": {"On": "", "Values": list(parts)}}


def read_out(file: str, path: str) -> Json:
    """Return what SageMaker replaces with a value out of a property file."""
    return {"Std:JsonGet": {"PropertyFile": get(file), "Path": path}}


def flags(**paths: str) -> list[str]:
    """Return `name=path` as the command line's `--name path`."""
    return [part for name, path in paths.items() for part in (f"--{name.replace('_', '-')}", path)]


def retries(*, job: bool) -> list[Json]:
    """Return when a step is tried again: after service faults, never after what our own code did wrong."""
    fault = {
        "ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"],
        "IntervalSeconds": 10,
        "BackoffRate": 2.0,
        "MaxAttempts": 5,
    }
    capacity = {
        "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR"],
        "IntervalSeconds": 60,
        "BackoffRate": 2.0,
        "MaxAttempts": 3,
    }
    return [fault, capacity] if job else [fault]
