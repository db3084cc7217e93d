"""Logged models: what MLflow 3's `log_model` makes before a model is registered."""

from collections.abc import Callable, Sequence
from typing import Any

from functions.registry_api.mlflow.artifacts import listed
from functions.registry_api.mlflow.auditing import entry_of
from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.fields import Fields, missing, proto_number
from functions.registry_api.mlflow.messages import pairs, tag_list
from functions.registry_api.mlflow.request import Request
from functions.registry_api.mlflow.tokens import place_of, token_of
from trimtab.aws.tracking.logged_models import Found, LoggedModels
from trimtab.domain.audit import AuditEntry
from trimtab.domain.tracking.experiments import parse_id
from trimtab.domain.tracking.logged_models import (
    LoggedMetric,
    LoggedModel,
    LoggedModelStatus,
    checked_id,
    checked_name,
    checked_params,
    checked_tags,
    checked_type,
)
from trimtab.domain.tracking.logged_search import Dataset, LoggedSearch
from trimtab.domain.tracking.run_names import run_name
from trimtab.errors import InvalidInput

PREFIX = "/api/2.0/mlflow/logged-models"
FOUND = 50  # models that a search answers if it does not say how many
FOUND_MOST = 1000
PLACE_MOST = 100  # characters of a place in the order of creation
STATUSES = {status.value: status.name for status in LoggedModelStatus}


def create(request: Request) -> dict[str, Any]:
    """Make a logged model, whose files the client then writes."""
    fields = request.fields
    experiment_id = parse_id(fields.required_text("experiment_id"))
    name, kind = fields.text("name") or "", checked_type(fields.text("model_type") or "")
    params, tags = pairs(fields.items("params")), pairs(fields.items("tags"))
    experiment = request.runtime.experiments.recall(experiment_id)
    experiment.insist_on_active()
    model_id, now_ms = f"m-{request.runtime.new_id()}", request.runtime.now_ms()
    made = LoggedModel(
        model_id=model_id,
        experiment_id=experiment_id,
        name=checked_name(name) if name else run_name(int(request.runtime.new_id(), 16)),
        artifact_uri=f"{experiment.artifact_location}/models/{model_id}/artifacts",
        created_ms=now_ms,
        updated_ms=now_ms,
        model_type=kind,
        source_run_id=fields.text("source_run_id") or "",
        params=checked_params(params),
        tags=checked_tags(tags),
    )
    entry = entry_of(request, "LoggedModelCreated", _subject(model_id), None, made.as_body())
    _models(request).create(made, entry)
    return {"model": message(made)}


def get(request: Request) -> dict[str, Any]:
    """Answer a logged model."""
    asked = request.query.get("allow_deleted", ["false"])[0].lower() == "true"
    return {"model": message(_models(request).get(_id(request), even_deleted=asked))}


def finalize(request: Request) -> dict[str, Any]:
    """Say that a model's files are all there, or that they failed to come."""
    request.fields.required_text("model_id")
    said = request.fields.choice("status", STATUSES)
    if said is None:
        raise missing("status")
    status, now_ms = LoggedModelStatus[said], request.runtime.now_ms()
    return {
        "model": message(_change(request, "Finalized", lambda one: one.finalized(status, now_ms)))
    }


def delete(request: Request) -> dict[str, Any]:
    """Delete a model; its files stay."""
    now_ms = request.runtime.now_ms()
    _change(request, "Deleted", lambda one: one.removed(now_ms))
    return {}


def log_params(request: Request) -> dict[str, Any]:
    """Add parameters."""
    request.fields.required_text("model_id")
    params = pairs(request.fields.items("params"))
    _change(request, "ParamsLogged", lambda one: one.with_params(params))
    return {}


def set_tags(request: Request) -> dict[str, Any]:
    """Set tags."""
    tags = pairs(request.fields.items("tags"))
    _change(request, "Tagged", lambda one: one.with_tags(tags))
    return {}


def delete_tag(request: Request) -> dict[str, Any]:
    """Take a tag away."""
    key = request.path_values["tag_key"]
    _change(request, "Untagged", lambda one: one.without_tag(key))
    return {}


def list_artifacts(request: Request) -> dict[str, Any]:
    """Answer the files of a model."""
    model = _models(request).get(_id(request))
    path = request.fields.text("artifact_directory_path") or ""
    return listed(request, model.artifact_uri, path, request.fields.text("page_token"))


def search(request: Request) -> dict[str, Any]:
    """Answer the models that a filter finds, in pages."""
    fields = request.fields
    experiment_ids = [parse_id(one) for one in fields.texts("experiment_ids", required=True)]
    text, limit = fields.text("filter") or "", _limit(fields)
    order_by = [dict(each.values) for each in fields.items("order_by")]
    datasets = [_dataset(each) for each in fields.items("datasets")]
    wanted = LoggedSearch.of(text, order_by, datasets)
    asked = [experiment_ids, text, order_by, [vars(each) for each in datasets]]
    place = _place(fields.text("page_token"), asked)
    models = _models(request)
    next_place: Found | int | None
    if wanted.is_newest_first:
        after = place if isinstance(place, tuple) else None
        found, next_place = models.search(experiment_ids, wanted, limit=limit, after=after)
    else:
        offset = place if isinstance(place, int) else 0
        found, next_place = models.sorted(experiment_ids, wanted, limit=limit, offset=offset)
    told: dict[str, Any] = {"models": [message(each) for each in found]}
    return told if next_place is None else {**told, "next_page_token": token_of(next_place, *asked)}


def message(model: LoggedModel) -> dict[str, Any]:
    """Return a model as MLflow's clients read it."""
    optional = {
        "model_type": model.model_type,
        "source_run_id": model.source_run_id,
        "status_message": model.status_message,
    }
    return {
        "info": {
            "model_id": model.model_id,
            "experiment_id": model.experiment_id,
            "name": model.name,
            "creation_timestamp_ms": model.created_ms,
            "last_updated_timestamp_ms": model.updated_ms,
            "artifact_uri": model.artifact_uri,
            "status": model.status.name,
            "tags": tag_list(model.tags),
            **{name: value for name, value in optional.items() if value},
        },
        "data": {
            "params": tag_list(model.params),
            "metrics": [_metric(model, each) for each in model.metrics],
        },
    }


def _metric(model: LoggedModel, metric: LoggedMetric) -> dict[str, Any]:
    told = {name: value for name, value in vars(metric).items() if value is not None}
    return {**told, "value": proto_number(metric.value), "model_id": model.model_id}


def _models(request: Request) -> LoggedModels:
    return LoggedModels(request.runtime.table, request.runtime.beliefs)


def _id(request: Request) -> str:
    return checked_id(request.path_values["model_id"])


def _change(
    request: Request, what: str, weigh: Callable[[LoggedModel], LoggedModel]
) -> LoggedModel:
    def entry(before: LoggedModel, after: LoggedModel) -> AuditEntry:
        was, is_now = before.as_body(), after.as_body()
        changed = [name for name in was if was[name] != is_now[name] and name != "updated_ms"]
        told = ({name: body[name] for name in changed} for body in (was, is_now))
        return entry_of(request, f"LoggedModel{what}", _subject(before.model_id), *told)

    return _models(request).change(_id(request), weigh, entry)


def _subject(model_id: str) -> str:
    return f"logged model {model_id}"


def _limit(fields: Fields) -> int:
    given = fields.integer("max_results")
    if not given:
        return FOUND
    if not 0 < given <= FOUND_MOST:
        raise InvalidInput(
            f"Invalid value for max_results. It must be at most {FOUND_MOST}, but got value {given}"
        )
    return given


def _dataset(fields: Fields) -> Dataset:
    return Dataset(fields.text("dataset_name") or "", fields.text("dataset_digest") or None)


def _place(token: str | None, asked: Sequence[Any]) -> Found | int | None:
    """Return where a search goes on: behind a model, or at a number of them."""
    place = place_of(token, *asked)
    if place is None or (type(place) is int and place >= 0):
        return place
    if (
        isinstance(place, list)
        and list(map(type, place)) == [str, str]
        and len("".join(place)) < PLACE_MOST
    ):
        return place[0], place[1]
    raise WireError("Invalid page token, it tells no model")


ENDPOINTS = {
    ("POST", PREFIX): create,
    ("POST", f"{PREFIX}/search"): search,
    ("GET", f"{PREFIX}/{{model_id}}"): get,
    ("PATCH", f"{PREFIX}/{{model_id}}"): finalize,
    ("DELETE", f"{PREFIX}/{{model_id}}"): delete,
    ("POST", f"{PREFIX}/{{model_id}}/params"): log_params,
    ("PATCH", f"{PREFIX}/{{model_id}}/tags"): set_tags,
    ("DELETE", f"{PREFIX}/{{model_id}}/tags/{{tag_key}}"): delete_tag,
    ("GET", f"{PREFIX}/{{model_id}}/artifacts/directories"): list_artifacts,
}
