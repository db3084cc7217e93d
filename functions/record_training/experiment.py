"""The experiment that holds a model's runs: of the model's name, made with the first of them."""

import hashlib

from trimtab.domain.audit import AuditEntry
from trimtab.domain.tracking.experiments import ACTIVE, Experiment
from trimtab.errors import AlreadyExists, Fault
from trimtab.runtime import Runtime

ACTOR = "record_training"
FIRST_ID, IDS = 10**17, 9 * 10**17  # ids of experiments have 18 digits


def experiment_of(runtime: Runtime, model: str) -> Experiment:
    """Return the experiment of a model; who asks for it first makes it."""
    found = runtime.experiments.named(model)
    return found if found is not None else _made(runtime, model)


def _made(runtime: Runtime, model: str) -> Experiment:
    now_ms = runtime.now_ms()
    number = int(hashlib.sha256(model.encode()).hexdigest(), 16)
    experiment_id = str(FIRST_ID + number % IDS)
    made = Experiment(
        id=experiment_id,
        name=model,
        artifact_location=runtime.experiments.artifact_location(experiment_id),
        lifecycle_stage=ACTIVE,
        created_ms=now_ms,
        updated_ms=now_ms,
        tags={},
    )
    entry = AuditEntry(
        id=runtime.new_id(),
        model=model,
        at=runtime.clock.now(),
        actor=ACTOR,
        action="ExperimentCreated",
        subject=f"experiment {experiment_id}",
        after=made.as_body(),
        reason=f"the first run of {model}'s pipeline",
    )
    try:
        return runtime.experiments.create(made, entry)
    except AlreadyExists:  # somebody made one of that name a moment ago
        found = runtime.experiments.named(model)
        if found is None:
            raise Fault(f"the experiment {model} was there and is not any more") from None
        return found
