"""Experiments: what groups runs."""

import hashlib
from collections.abc import Callable
from typing import Any

from functions.registry_api.mlflow.auditing import entry_of
from functions.registry_api.mlflow.fields import Fields, missing
from functions.registry_api.mlflow.messages import experiment_message, pairs
from functions.registry_api.mlflow.request import Request
from functions.registry_api.mlflow.searches import search_experiments
from trimtab.domain.audit import AuditEntry
from trimtab.domain.tracking.experiments import (
    ACTIVE,
    DELETED,
    Experiment,
    check_location,
    parse_id,
)
from trimtab.domain.tracking.names import check_experiment_name, check_experiment_tag
from trimtab.errors import NotFound

PREFIX = "/api/2.0/mlflow/experiments/"
FIRST_ID = (
    10**17
)  # ids have 18 digits: chance gives them, so that no two writers wait for one counter
IDS = 9 * 10**17


def create(request: Request) -> dict[str, Any]:
    """Make an experiment."""
    fields = request.fields
    name = fields.required_text("name")
    location = fields.text("artifact_location") or ""
    tags = pairs(fields.items("tags"))
    check_experiment_name(name)
    check_location(location)
    for key, value in tags.items():
        check_experiment_tag(key, value)
    now_ms, experiment_id = request.runtime.now_ms(), _new_id(request)
    made = Experiment(
        id=experiment_id,
        name=name,
        artifact_location=location.rstrip("/")
        or request.runtime.experiments.artifact_location(experiment_id),
        lifecycle_stage=ACTIVE,
        created_ms=now_ms,
        updated_ms=now_ms,
        tags=tags,
    )
    entry = entry_of(
        request, "ExperimentCreated", f"experiment {experiment_id}", None, made.as_body()
    )
    kept = request.runtime.experiments.create(made, entry)
    return {"experiment_id": kept.id}


def get(request: Request) -> dict[str, Any]:
    """Answer an experiment, by id."""
    found = request.runtime.experiments.get(_id(request.fields))
    return {"experiment": experiment_message(found)}


def get_by_name(request: Request) -> dict[str, Any]:
    """Answer an experiment, by name."""
    name = request.fields.required_text("experiment_name")
    found = request.runtime.experiments.named(name)
    if found is None:
        raise NotFound(f"Could not find experiment with name '{name}'")
    return {"experiment": experiment_message(found)}


def update(request: Request) -> dict[str, Any]:
    """Give an experiment another name."""
    experiment_id, name = _id(request.fields), request.fields.text("new_name")
    if not name:
        raise missing("new_name")
    check_experiment_name(name)
    now_ms = request.runtime.now_ms()
    _change(request, experiment_id, "ExperimentRenamed", lambda one: one.renamed(name, now_ms))
    return {}


def delete(request: Request) -> dict[str, Any]:
    """Delete an experiment, and its runs with it."""
    return _to_stage(request, DELETED, "ExperimentDeleted")


def restore(request: Request) -> dict[str, Any]:
    """Restore a deleted experiment, and its runs with it."""
    return _to_stage(request, ACTIVE, "ExperimentRestored")


def set_tag(request: Request) -> dict[str, Any]:
    """Give an experiment a tag."""
    fields = request.fields
    experiment_id = _id(fields)
    key, value = fields.required_text("key"), fields.text("value") or ""
    check_experiment_tag(key, value)
    _change(request, experiment_id, "ExperimentTagged", lambda one: one.tagged(key, value))
    return {}


def delete_tag(request: Request) -> dict[str, Any]:
    """Take a tag from an experiment."""
    experiment_id, key = _id(request.fields), request.fields.required_text("key")
    _change(request, experiment_id, "ExperimentUntagged", lambda one: one.untagged(key))
    return {}


def _to_stage(request: Request, stage: str, action: str) -> dict[str, Any]:
    """Move the runs, then the experiment: whoever is interrupted between can ask again."""
    experiment_id, now_ms = _id(request.fields), request.runtime.now_ms()
    request.runtime.experiments.get(experiment_id).in_stage(stage, now_ms)
    request.runtime.runs.move_all(experiment_id, stage)
    _change(request, experiment_id, action, lambda one: one.in_stage(stage, now_ms))
    return {}


def _change(
    request: Request, experiment_id: str, action: str, weigh: Callable[[Experiment], Experiment]
) -> None:
    def entry(before: Experiment, after: Experiment) -> AuditEntry:
        changed = {
            name: (value, vars(after)[name])
            for name, value in vars(before).items()
            if value != vars(after)[name] and name != "updated_ms"
        }
        was = {name: value for name, (value, _) in changed.items()}
        is_now = {name: value for name, (_, value) in changed.items()}
        return entry_of(request, action, f"experiment {experiment_id}", was, is_now)

    request.runtime.experiments.change(experiment_id, weigh, entry)


def _id(fields: Fields) -> str:
    return parse_id(fields.required_text("experiment_id"))


def _new_id(request: Request) -> str:
    key = request.request_key or request.runtime.new_id()
    number = int.from_bytes(hashlib.sha256(f"experiment {key}".encode()).digest()[:8])
    return str(FIRST_ID + number % IDS)


ENDPOINTS = {
    ("POST", PREFIX + "create"): create,
    ("GET", PREFIX + "get"): get,
    ("GET", PREFIX + "get-by-name"): get_by_name,
    ("GET", PREFIX + "search"): search_experiments,
    ("POST", PREFIX + "search"): search_experiments,
    ("POST", PREFIX + "update"): update,
    ("POST", PREFIX + "delete"): delete,
    ("POST", PREFIX + "restore"): restore,
    ("POST", PREFIX + "set-experiment-tag"): set_tag,
    ("POST", PREFIX + "delete-experiment-tag"): delete_tag,
}
