"""The experiment: what groups runs that answer one question."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trimtab.errors import InvalidInput, InvalidState, NotFound

DEFAULT_ID = "0"
DEFAULT_NAME = "Default"
ACTIVE = "active"
DELETED = "deleted"
ID_MOST = 19  # digits of an experiment's id


@dataclass(frozen=True)
class Experiment:
    """One experiment; times are milliseconds of the epoch, as MLflow's clients read them."""

    id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    created_ms: int
    updated_ms: int
    tags: Mapping[str, str]

    @property
    def is_active(self) -> bool:
        """Whether it takes runs."""
        return self.lifecycle_stage == ACTIVE

    def insist_on_active(self) -> None:
        """Do nothing while it takes runs. Raises InvalidInput once it is deleted."""
        if not self.is_active:
            raise InvalidInput(
                f"The experiment {self.id} must be in the 'active' state. Current state is {self.lifecycle_stage}."
            )

    def renamed(self, name: str, now_ms: int) -> "Experiment":
        """Return it by another name. Raises InvalidState if it is deleted."""
        if not self.is_active:
            raise InvalidState("Cannot rename a non-active experiment.")
        return replace(self, name=name, updated_ms=now_ms)

    def in_stage(self, stage: str, now_ms: int) -> "Experiment":
        """Return it deleted or restored. Raises NotFound if it is that already, as MLflow does."""
        if self.lifecycle_stage == stage:
            raise no_experiment(self.id)
        return replace(self, lifecycle_stage=stage, updated_ms=now_ms)

    def tagged(self, key: str, value: str) -> "Experiment":
        """Return it with a tag."""
        return replace(self, tags={**self.tags, key: value})

    def untagged(self, key: str) -> "Experiment":
        """Return it without a tag. Raises NotFound if it has no such tag."""
        if key not in self.tags:
            raise NotFound(f"No tag with name: {key} in experiment with id {self.id}")
        return replace(self, tags={name: v for name, v in self.tags.items() if name != key})

    def as_body(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**vars(self), "tags": dict(self.tags)}


LOCATION_MOST = 2048  # characters of an artifact location


def check_location(uri: str) -> None:
    """Do nothing for where artifacts may be kept. Raises InvalidInput, in MLflow's words, for anything else."""
    if "#" in uri or ";" in uri:
        raise InvalidInput("'artifact_location' URL can't include fragments or params.")
    if uri.startswith("runs:"):
        raise InvalidInput(f"Artifact location cannot be a runs:/ URI. Given: '{uri}'")
    if len(uri) > LOCATION_MOST:
        raise InvalidInput(
            "Invalid artifact path length. The length of the artifact path cannot be greater than"
            f" {LOCATION_MOST} characters."
        )


def parse_id(text: str) -> str:
    """Return an experiment's id as it is kept. Raises InvalidInput for what cannot be one."""
    cleaned = text.strip()
    if not (cleaned.isascii() and cleaned.isdigit() and len(cleaned) <= ID_MOST):
        raise InvalidInput(
            f"Invalid experiment ID '{text}'. Experiment ID must be a valid integer."
        )
    return str(int(cleaned))


def no_experiment(experiment_id: str) -> NotFound:
    """The refusal of an experiment that there is not."""
    return NotFound(f"No Experiment with id={experiment_id} exists")
