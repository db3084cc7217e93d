"""Experiments and runs as MLflow's messages, and lists of key and value as mappings."""

from collections.abc import Iterable, Mapping
from typing import Any

from functions.registry_api.mlflow.fields import Fields
from trimtab.domain.tracking.experiments import Experiment


def experiment_message(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment as MLflow's clients read it."""
    return {
        "experiment_id": experiment.id,
        "name": experiment.name,
        "artifact_location": experiment.artifact_location,
        "lifecycle_stage": experiment.lifecycle_stage,
        "creation_time": experiment.created_ms,
        "last_update_time": experiment.updated_ms,
        "tags": tag_list(experiment.tags),
    }


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a mapping as a list of messages."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def pairs(items: Iterable[Fields]) -> dict[str, str]:
    """Return a list of messages as a mapping; of a key that comes twice, the last value."""
    return {item.text("key") or "": item.text("value") or "" for item in items}
