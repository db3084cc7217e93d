"""The ids of recorded runs, made of what SageMaker calls an execution and its jobs."""

import hashlib

ID_DIGITS = 32  # as MLflow's own ids have


def run_id_of(execution_id: str, job: str = "") -> str:
    """Return the id of an execution's run, or of the run of one of its trials; the same every time."""
    return hashlib.sha256(f"{execution_id}/{job}".encode()).hexdigest()[:ID_DIGITS]
