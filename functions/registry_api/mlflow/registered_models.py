"""Registered models and their aliases."""

from collections.abc import Callable
from typing import Any

from functions.registry_api.mlflow.fields import Fields, missing
from functions.registry_api.mlflow.hand import hand_of
from functions.registry_api.mlflow.messages import pairs
from functions.registry_api.mlflow.offsets import page, page_size
from functions.registry_api.mlflow.registered import (
    aliases_of,
    check_no_prompt,
    described,
    model_message,
    model_view,
    version_message,
)
from functions.registry_api.mlflow.request import Request
from trimtab.domain.audit import AuditEntry
from trimtab.domain.registry.hands import differences, said
from trimtab.domain.registry.models import RegisteredModel
from trimtab.domain.registry.names import (
    LATEST,
    check_alias,
    check_model_name,
    check_tag_key,
    check_tags,
    version_number,
)
from trimtab.domain.registry.stages import Stage, stage_of
from trimtab.domain.search import Kind, parse_filter, parse_orders, predicate, sort_key
from trimtab.errors import NotFound

PREFIX = "/api/2.0/mlflow/registered-models/"
PAGE, PAGE_MOST = 100, 1000  # models of a page, if the client does not say, and at most


def create(request: Request) -> dict[str, Any]:
    """Register a model."""
    fields, hand = request.fields, hand_of(request)
    name, tags = fields.required_text("name"), pairs(fields.items("tags"))
    description = described(fields)
    check_model_name(name)
    check_tags(tags)
    check_no_prompt(tags)
    made = RegisteredModel(
        name=name,
        created_at=hand.at,
        updated_at=hand.at,
        description=description,
        tags=tags,
        made_by=request.request_key,
    )
    _, told = differences({}, said(made))
    entry = hand.entry(name, "ModelRegistered", "model", after=told)
    kept = request.runtime.registry.models.create(made, entry)
    return {"registered_model": model_message(request, kept, {})}


def get(request: Request) -> dict[str, Any]:
    """Answer a model."""
    model, latest = request.runtime.registry.versions.with_latest(_name(request.fields))
    return {"registered_model": model_message(request, model, latest)}


def rename(request: Request) -> dict[str, Any]:
    """Give a model another name."""
    fields = request.fields
    name, new_name = _name(fields), fields.text("new_name")
    if not (new_name and new_name.strip()):
        raise missing("new_name")
    check_model_name(new_name, "new_name")
    model = request.runtime.registry.leaving.rename(name, new_name, hand_of(request))
    return {"registered_model": _message(request, model)}


def update(request: Request) -> dict[str, Any]:
    """Describe a model."""
    name, text, hand = _name(request.fields), described(request.fields), hand_of(request)
    model = _change(
        request,
        name,
        "ModelDescribed",
        lambda one: (
            one
            if one.description == (text or None)
            else one.updated(hand.at, description=text or None)
        ),
    )
    return {"registered_model": _message(request, model)}


def delete(request: Request) -> dict[str, Any]:
    """Delete a model and its versions."""
    request.runtime.registry.leaving.model(_name(request.fields), hand_of(request))
    return {}


def search(request: Request) -> dict[str, Any]:
    """Find models."""
    fields = request.fields
    wanted = predicate(
        parse_filter(fields.text("filter"), Kind.registered_model), Kind.registered_model
    )
    order = sort_key(parse_orders(fields.texts("order_by"), Kind.registered_model))
    most = page_size(fields, PAGE, PAGE_MOST)
    views = [(model_view(model), model) for model in request.runtime.registry.models.all()]
    found = sorted((one for one in views if wanted(one[0])), key=lambda one: order(one[0]))
    shown, token = page(found, most, fields.text("page_token"))
    models = [model for _, model in shown]
    latest = request.runtime.registry.versions.many(
        (model.name, number) for model in models for number in model.latest.values()
    )
    told: dict[str, Any] = {
        "registered_models": [model_message(request, m, latest) for m in models]
    }
    return told | ({"next_page_token": token} if token else {})


def latest_versions(request: Request) -> dict[str, Any]:
    """Answer the newest version of each stage, or of the stages that were asked for."""
    fields = request.fields
    name = _name(fields)
    stages = {stage_of(text) for text in fields.texts("stages")} or set(Stage)
    registry = request.runtime.registry
    model = registry.models.get(name)
    numbers = sorted(number for stage, number in model.latest.items() if stage in stages)
    read = registry.versions.many((name, number) for number in numbers)
    pointing = registry.pointing.of(model)
    return {
        "model_versions": [
            version_message(name, version, sorted(a for a, n in pointing.items() if n == number))
            for (_, number), version in sorted(read.items())
        ]
    }


def set_tag(request: Request) -> dict[str, Any]:
    """Give a model a tag."""
    fields = request.fields
    name, key = _name(fields), fields.required_text("key")
    value = fields.text("value") or ""

    def weigh(model: RegisteredModel) -> RegisteredModel:
        tags = {**model.tags, key: value}
        check_tags(tags)
        return model.model_copy(update={"tags": tags})

    check_tags({key: value})
    _change(request, name, "ModelTagged", weigh)
    return {}


def delete_tag(request: Request) -> dict[str, Any]:
    """Take a tag from a model."""
    name, key = _name(request.fields), request.fields.required_text("key")
    check_tag_key(key)

    def weigh(model: RegisteredModel) -> RegisteredModel:
        return model.model_copy(update={"tags": {k: v for k, v in model.tags.items() if k != key}})

    _change(request, name, "ModelUntagged", weigh)
    return {}


def set_alias(request: Request) -> dict[str, Any]:
    """Point an alias at a version."""
    fields = request.fields
    name, alias = _name(fields), fields.required_text("alias")
    given = fields.required_text("version")
    check_alias(alias, reserved=True)
    version = version_number(given)
    if not version:
        raise NotFound(f"Model Version (name={name}, version={given.strip()[:20]}) not found")
    try:
        request.runtime.registry.pointing.point(name, alias, version, hand_of(request))
    except NotFound as error:  # MLflow looks for the version only
        raise NotFound(f"Model Version (name={name}, version={version}) not found") from error
    return {}


def delete_alias(request: Request) -> dict[str, Any]:
    """Let an alias point at nothing any more."""
    name, alias = _name(request.fields), request.fields.required_text("alias")
    check_alias(alias)
    request.runtime.registry.pointing.point(name, alias, None, hand_of(request))
    return {}


def get_by_alias(request: Request) -> dict[str, Any]:
    """Answer the version that an alias points at."""
    name, alias = _name(request.fields), request.fields.required_text("alias")
    check_alias(alias)
    registry = request.runtime.registry

    def lead(model: RegisteredModel) -> int:
        if alias.lower() != LATEST:
            return registry.pointing.target(model, alias)
        if not model.latest:
            raise NotFound(f"Latest version not found for model {name}.")
        return max(model.latest.values())

    model, version = registry.versions.led_to(name, lead)
    aliases = aliases_of(request, model, name, version.version)
    return {"model_version": version_message(name, version, aliases)}


def _change(
    request: Request,
    name: str,
    action: str,
    weigh: Callable[[RegisteredModel], RegisteredModel],
) -> RegisteredModel:
    hand = hand_of(request)

    def tell(before: RegisteredModel, after: RegisteredModel) -> AuditEntry:
        was, is_now = differences(said(before), said(after))
        return hand.entry(name, action, "model", before=was, after=is_now)

    return request.runtime.registry.models.change(name, weigh, tell)


def _message(request: Request, model: RegisteredModel) -> dict[str, Any]:
    numbers = [(model.name, number) for number in model.latest.values()]
    latest = request.runtime.registry.versions.many(numbers) if numbers else {}
    return model_message(request, model, latest)


def _name(fields: Fields) -> str:
    name = fields.required_text("name")
    check_model_name(name)
    return name


ENDPOINTS = {
    ("POST", PREFIX + "create"): create,
    ("GET", PREFIX + "get"): get,
    ("POST", PREFIX + "rename"): rename,
    ("PATCH", PREFIX + "update"): update,
    ("DELETE", PREFIX + "delete"): delete,
    ("GET", PREFIX + "search"): search,
    ("GET", PREFIX + "get-latest-versions"): latest_versions,
    ("POST", PREFIX + "get-latest-versions"): latest_versions,
    ("POST", PREFIX + "set-tag"): set_tag,
    ("DELETE", PREFIX + "delete-tag"): delete_tag,
    ("POST", PREFIX + "alias"): set_alias,
    ("DELETE", PREFIX + "alias"): delete_alias,
    ("GET", PREFIX + "alias"): get_by_alias,
}
