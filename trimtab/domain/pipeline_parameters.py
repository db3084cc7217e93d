"""The parameters of a training pipeline: what an execution is told, and what it may do otherwise than model.yaml.

The definition declares them, a request gives the first five, and a plan overrides the rest.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

# Whoever reads an event knows these names, and need not know what a model.yaml can say.
if TYPE_CHECKING:
    from trimtab.domain.model import Hyperparameter, ModelSpec

DATASET_VERSION, MANIFEST_URI = "DatasetVersion", "ManifestUri"
REQUEST_ID = "RequestId"
CHAMPION_VERSION, CHAMPION_MODEL_URI = "ChampionVersion", "ChampionModelUri"
DECIDED = (DATASET_VERSION, MANIFEST_URI, REQUEST_ID, CHAMPION_VERSION, CHAMPION_MODEL_URI)
"""What the decision to train gives, every time: who could name another champion could get past the gate."""

SOURCE_URI, IMAGE_URI, SEED = "SourceUri", "ImageUri", "Seed"
CODE_URI = "CodeUri"  # what git says of the code: read by who records the run, by no step
HYPERPARAMETER = "Hyper-"


def hyperparameter(name: str) -> str:
    """Return the parameter that sets a hyperparameter of the training script."""
    return f"{HYPERPARAMETER}{name}"


def text(value: "Hyperparameter") -> str:
    """Return a value as the text that SageMaker takes; booleans as `true` and `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def hyperparameters_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the hyperparameters that an execution with these parameters trains with."""
    return dict(_hyperparameters(parameters))


def defaults(
    spec: "ModelSpec", *, source_uri: str, image_uri: str, code_uri: str
) -> dict[str, str]:
    """Return what an execution does unless it is told otherwise: the values of model.yaml and of the deployment."""
    values = {SOURCE_URI: source_uri, CODE_URI: code_uri, IMAGE_URI: image_uri}
    values[SEED] = str(spec.training.seed)
    for name, value in spec.training.hyperparameters.items():
        values[hyperparameter(name)] = text(value)
    return values


def _hyperparameters(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in parameters.items():
        if name.startswith(HYPERPARAMETER):
            yield name.removeprefix(HYPERPARAMETER), value
