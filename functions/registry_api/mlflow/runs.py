"""Runs: begun, ended, deleted, restored and read, with their tags, inputs and outputs."""

import hashlib
import json
from typing import Any

from functions.registry_api.mlflow.auditing import entry_of
from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.logged import (
    change_active,
    log_batch,
    log_metric,
    log_parameter,
)
from functions.registry_api.mlflow.messages import (
    dataset_input,
    pairs,
    run_id_of,
    run_info,
    run_message,
)
from functions.registry_api.mlflow.request import Request
from functions.registry_api.mlflow.searches import search_runs
from trimtab.domain.audit import AuditEntry
from trimtab.domain.tracking.experiments import ACTIVE, DEFAULT_ID, DELETED, parse_id
from trimtab.domain.tracking.names import check_run_id, checked_tag
from trimtab.domain.tracking.run_names import run_name
from trimtab.domain.tracking.runs import STATUSES, Run, new_run

PREFIX = "/api/2.0/mlflow/runs/"
LOGGED_MODELS_TAG = "mlflow.log-model.history"
MODEL_FIELDS = ("artifact_path", "flavors", "utc_time_created", "run_id")
OF_MODEL = ("run_id", "utc_time_created", "artifact_path", "model_uuid")
DATASETS_AT_ONCE = 50  # each has an entry of its own in the transaction


def create(request: Request) -> dict[str, Any]:
    """Begin a run."""
    fields = request.fields
    experiment_id = parse_id(fields.text("experiment_id") or DEFAULT_ID)
    started, name = fields.integer("start_time"), fields.text("run_name")
    user, tags = fields.text("user_id"), pairs(fields.items("tags"))
    run_id = _new_id(request)
    run = new_run(
        run_id,
        request.runtime.experiments.recall(experiment_id),
        user_id=user or "",
        start_ms=started or 0,
        name=name or "",
        tags=tags,
        chosen_name=run_name(int(run_id[:12], 16)),
    )
    return {"run": run_message(request.runtime.runs.create(run))}


def get(request: Request) -> dict[str, Any]:
    """Answer a run."""
    return {"run": run_message(request.runtime.runs.get(run_id_of(request.fields)))}


def update(request: Request) -> dict[str, Any]:
    """End a run, or give it another name."""
    fields = request.fields
    run_id, ended = run_id_of(fields), fields.integer("end_time")
    status, name = fields.choice("status", STATUSES), fields.text("run_name")
    run = change_active(request, run_id, lambda one: one.updated(status, ended, name))
    return {"run_info": run_info(run)}


def delete(request: Request) -> dict[str, Any]:
    """Delete a run; it can be restored."""
    return _to_stage(request, DELETED, "RunDeleted")


def restore(request: Request) -> dict[str, Any]:
    """Restore a deleted run."""
    return _to_stage(request, ACTIVE, "RunRestored")


def set_tag(request: Request) -> dict[str, Any]:
    """Give a run a tag."""
    fields = request.fields
    run_id, key = run_id_of(fields), fields.required_text("key")
    value = checked_tag(key, fields.text("value") or "")
    change_active(request, run_id, lambda one: one.with_tags({key: value}))
    return {}


def delete_tag(request: Request) -> dict[str, Any]:
    """Take a tag from a run."""
    run_id, key = run_id_of(request.fields), request.fields.required_text("key")
    change_active(request, run_id, lambda one: one.without_tag(key))
    return {}


def log_inputs(request: Request) -> dict[str, Any]:
    """Say which datasets and models a run reads."""
    fields = request.fields
    run_id = run_id_of(fields)
    datasets = [dataset_input(one) for one in fields.items("datasets")]
    models = [one.required_text("model_id") for one in fields.items("models")]
    check_run_id(run_id)
    for start in range(0, max(len(datasets), 1), DATASETS_AT_ONCE):
        some = datasets[start : start + DATASETS_AT_ONCE]
        change_active(request, run_id, lambda one, some=some: one.with_inputs(some, models))  # type: ignore[misc]
    return {}


def log_outputs(request: Request) -> dict[str, Any]:
    """Say which logged models a run made."""
    fields = request.fields
    run_id = run_id_of(fields)
    models = [
        {"model_id": one.required_text("model_id"), "step": one.integer("step") or 0}
        for one in fields.items("models", required=True)
    ]
    change_active(request, run_id, lambda one: one.with_outputs(models))
    return {}


def log_model(request: Request) -> dict[str, Any]:
    """Keep, in a tag, that a run logged a model, as clients before MLflow 3 tell it."""
    run_id, text = run_id_of(request.fields), request.fields.required_text("model_json")
    try:
        model = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError(f"Malformed model info. \n {text} \n is not a valid JSON.") from None
    missing = [name for name in MODEL_FIELDS if not isinstance(model, dict) or name not in model]
    if missing:
        said = ", ".join(repr(name) for name in missing)
        raise WireError(f"Model json is missing mandatory fields: {{{said}}}")
    told = {name: model[name] for name in OF_MODEL if name in model}
    told["flavors"] = _flavors(model["flavors"])

    def with_model(run: Run) -> Run:
        history = json.loads(run.tags.get(LOGGED_MODELS_TAG, "[]"))
        if told in history:
            return run
        return run.with_tags({LOGGED_MODELS_TAG: json.dumps([*history, told])})

    change_active(request, run_id, with_model)
    return {}


def _flavors(flavors: Any) -> Any:
    if not isinstance(flavors, dict):
        raise WireError("Model json has no object in its field 'flavors'")
    return {
        name: {key: value for key, value in config.items() if key != "config"}
        if isinstance(config, dict)
        else config
        for name, config in flavors.items()
    }


def _to_stage(request: Request, stage: str, action: str) -> dict[str, Any]:
    run_id = run_id_of(request.fields)

    def entry(before: Run, after: Run) -> AuditEntry:
        was, is_now = before.lifecycle_stage, after.lifecycle_stage
        return entry_of(
            request,
            action,
            f"run {run_id}",
            {"lifecycle_stage": was},
            {"lifecycle_stage": is_now},
        )

    request.runtime.runs.change(run_id, lambda one: one.in_stage(stage), entry)
    return {}


def _new_id(request: Request) -> str:
    key = request.request_key
    if key is None:
        return request.runtime.new_id()
    return hashlib.sha256(f"run {key}".encode()).hexdigest()[:32]


ENDPOINTS = {
    ("POST", PREFIX + "create"): create,
    ("GET", PREFIX + "get"): get,
    ("POST", PREFIX + "update"): update,
    ("POST", PREFIX + "delete"): delete,
    ("POST", PREFIX + "restore"): restore,
    ("POST", PREFIX + "log-metric"): log_metric,
    ("POST", PREFIX + "log-parameter"): log_parameter,
    ("POST", PREFIX + "log-batch"): log_batch,
    ("POST", PREFIX + "log-inputs"): log_inputs,
    ("POST", PREFIX + "outputs"): log_outputs,
    ("POST", PREFIX + "log-model"): log_model,
    ("POST", PREFIX + "search"): search_runs,
    ("POST", PREFIX + "set-tag"): set_tag,
    ("POST", PREFIX + "delete-tag"): delete_tag,
}
