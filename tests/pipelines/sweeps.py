"""Specs of models that sweep, in another framework or in an image of their own."""

from typing import Any

from pipelines.spec import load
from tests.pipelines.jobs import FLIGHT_DELAYS
from trimtab.domain.model import ModelSpec, Spot, Training
from trimtab.domain.sweeps import Sweep

AUC = "validation auc ([0-9.]+)"
OWN_IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ours/trainer:1.4"
RANGES: dict[str, Any] = {
    "max-iter": {"type": "integer", "minimum": 50, "maximum": 400, "scaling": "logarithmic"},
    "learning-rate": {"type": "continuous", "minimum": 0.01, "maximum": 0.3},
    "max-leaf-nodes": {"type": "categorical", "values": (4, 8, 16)},
}


def spec(**training: Any) -> ModelSpec:
    """Return flight_delays with another training."""
    plain = load(FLIGHT_DELAYS / "model.yaml")
    said = {**plain.training.model_dump(exclude_unset=True), **training}
    return plain.model_copy(update={"training": Training.model_validate(said)})


def on_spot(model: ModelSpec) -> ModelSpec:
    """Return a model that trains on spare machines."""
    training = model.training.model_copy(update={"spot": Spot(wait_minutes=30)})
    return model.model_copy(update={"training": training})


def sweeping(ranges: dict[str, Any] = RANGES, **sweep: Any) -> ModelSpec:
    """Return flight_delays with a sweep."""
    objective = {"metric": "validation:auc", "goal": "maximize"}
    told = Sweep.model_validate({"objective": objective, "ranges": ranges, **sweep})
    return spec(metrics={"validation:auc": AUC}, sweep=told)
