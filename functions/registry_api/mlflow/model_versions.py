"""Versions of registered models."""

from collections.abc import Callable, Iterable
from typing import Any

from functions.registry_api.mlflow.fields import Fields
from functions.registry_api.mlflow.hand import hand_of
from functions.registry_api.mlflow.messages import pairs
from functions.registry_api.mlflow.offsets import page, page_size
from functions.registry_api.mlflow.origins import origin_of
from functions.registry_api.mlflow.registered import (
    aliases_of,
    check_no_prompt,
    described,
    version_message,
    version_view,
)
from functions.registry_api.mlflow.request import Request
from trimtab.domain.audit import AuditEntry
from trimtab.domain.registry.hands import differences, said
from trimtab.domain.registry.names import (
    LINK_MOST,
    NAME_MOST,
    check_model_name,
    check_tag_key,
    check_tags,
    version_number,
)
from trimtab.domain.registry.stages import check_archiving, stage_of
from trimtab.domain.search import (
    Comparison,
    Field,
    Kind,
    parse_filter,
    parse_orders,
    predicate,
    sort_key,
)
from trimtab.domain.tracking.names import check_length
from trimtab.domain.versions import ModelVersion, VersionStatus
from trimtab.errors import NotFound

PREFIX = "/api/2.0/mlflow/model-versions/"
PAGE = 10_000  # versions of a page, if the client does not say
PAGE_MOST = 200_000


def create(request: Request) -> dict[str, Any]:
    """Register the next version of a model."""
    fields, hand = request.fields, hand_of(request)
    name, tags = _name(fields), pairs(fields.items("tags"))
    check_no_prompt(tags)
    origin = origin_of(request, fields)
    check_tags(tags)
    link = fields.text("run_link")
    check_length("run_link", link or "", LINK_MOST)
    more: dict[str, Any] = {"description": described(fields) or "", "run_link": link}

    def make(number: int) -> ModelVersion:
        return ModelVersion(
            version=number,
            status=VersionStatus.pending_approval,
            created_at=hand.at,
            created_by=hand.actor,
            decided_by=hand.actor,
            decided_at=hand.at,
            reason=hand.reason,
            tags=tags,
            **origin,
            **more,
        )

    made = request.runtime.registry.versions.add(name, make, hand, request.request_key)
    return {"model_version": version_message(name, made, [])}


def get(request: Request) -> dict[str, Any]:
    """Answer a version."""
    name, number = _place(request.fields)
    version, model = request.runtime.registry.versions.with_model(name, number)
    aliases = aliases_of(request, model, name, number)
    return {"model_version": version_message(name, version, aliases)}


def update(request: Request) -> dict[str, Any]:
    """Describe a version."""
    name, number = _place(request.fields)
    text = described(request.fields)
    _, model = request.runtime.registry.versions.with_model(name, number)
    version = _change(
        request,
        "VersionDescribed",
        lambda one: one.model_copy(update={"description": text}),
        touch=True,
    )
    aliases = aliases_of(request, model, name, number)
    return {"model_version": version_message(name, version, aliases)}


def delete(request: Request) -> dict[str, Any]:
    """Delete a version; its number is never given again."""
    name, number = _place(request.fields)
    request.runtime.registry.leaving.version(name, number, hand_of(request))
    return {}


def transition(request: Request) -> dict[str, Any]:
    """Put a version into a stage, and archive the others in it if that is asked for."""
    fields = request.fields
    name, number = _place(fields)
    text, archive = fields.required_text("stage"), bool(fields.flag("archive_existing_versions"))
    if archive:
        check_archiving(text)
    moved, model = request.runtime.registry.versions.move(
        name, number, stage_of(text), hand_of(request), archive=archive
    )
    aliases = aliases_of(request, model, name, number)
    return {"model_version": version_message(name, moved, aliases)}


def download_uri(request: Request) -> dict[str, Any]:
    """Answer where a version's files lie."""
    name = request.fields.text("name") or ""
    check_model_name(name)
    number = version_number(request.fields.text("version") or "")
    return {"artifact_uri": request.runtime.registry.versions.get(name, number).files}


def set_tag(request: Request) -> dict[str, Any]:
    """Give a version a tag."""
    _place(request.fields)
    key, value = request.fields.required_text("key"), request.fields.text("value") or ""

    def weigh(version: ModelVersion) -> ModelVersion:
        tags = {**version.tags, key: value}
        check_tags(tags)
        return version.model_copy(update={"tags": tags})

    check_tags({key: value})
    _change(request, "VersionTagged", weigh)
    return {}


def delete_tag(request: Request) -> dict[str, Any]:
    """Take a tag from a version."""
    _place(request.fields)
    key = request.fields.required_text("key")
    check_tag_key(key)

    def weigh(version: ModelVersion) -> ModelVersion:
        tags = {name: value for name, value in version.tags.items() if name != key}
        return version.model_copy(update={"tags": tags})

    _change(request, "VersionUntagged", weigh)
    return {}


def search(request: Request) -> dict[str, Any]:
    """Find versions, of one model or of all."""
    fields = request.fields
    comparisons = parse_filter(fields.text("filter"), Kind.model_version)
    wanted = predicate(comparisons, Kind.model_version)
    order = sort_key(parse_orders(fields.texts("order_by"), Kind.model_version))
    most = page_size(fields, PAGE, PAGE_MOST)
    views = [
        (version_view(name, version), name, version)
        for name, version in _candidates(request, comparisons)
    ]
    found = sorted((one for one in views if wanted(one[0])), key=lambda one: order(one[0]))
    shown, token = page(found, most, fields.text("page_token"))
    told: dict[str, Any] = {"model_versions": [version_message(n, v, []) for _, n, v in shown]}
    return told | ({"next_page_token": token} if token else {})


def _candidates(
    request: Request, comparisons: Iterable[Comparison]
) -> list[tuple[str, ModelVersion]]:
    """Read no more than what a filter by run or by name leaves; without either, every version of every model."""
    registry = request.runtime.registry
    named: set[str] | None = None
    for one in comparisons:
        if one.field is Field.attribute and one.operator in ("=", "IN"):
            values = {*one.value} if isinstance(one.value, tuple) else {str(one.value)}
            values = {value for value in values if len(value) <= NAME_MOST}  # no longer one is kept
            if one.key == "run_id" and all(values):
                return [v for run_id in sorted(values) for v in registry.versions.of_run(run_id)]
            if one.key == "name":
                named = values if named is None else named & values
    names = sorted(named) if named is not None else [m.name for m in registry.models.all()]
    return [(name, version) for name in names for version in registry.versions.of_model(name)]


def _change(
    request: Request,
    action: str,
    weigh: Callable[[ModelVersion], ModelVersion],
    *,
    touch: bool = False,
) -> ModelVersion:
    name, number = _place(request.fields)
    hand = hand_of(request)

    def changed(version: ModelVersion) -> ModelVersion:
        after = weigh(version)
        told = touch and after != version
        return after.model_copy(update={"updated_at": hand.at}) if told else after

    def tell(before: ModelVersion, after: ModelVersion) -> AuditEntry:
        was, is_now = differences(said(before), said(after))
        return hand.entry(name, action, f"version {number}", before=was, after=is_now)

    return request.runtime.registry.versions.change(name, number, changed, tell)


def _name(fields: Fields) -> str:
    name = fields.required_text("name")
    check_model_name(name)
    return name


def _place(fields: Fields) -> tuple[str, int]:
    name, given = _name(fields), fields.required_text("version")
    number = version_number(given)
    if not number:
        raise NotFound(f"Model Version (name={name}, version={given.strip()[:20]}) not found")
    return name, number


ENDPOINTS = {
    ("POST", PREFIX + "create"): create,
    ("GET", PREFIX + "get"): get,
    ("PATCH", PREFIX + "update"): update,
    ("DELETE", PREFIX + "delete"): delete,
    ("GET", PREFIX + "search"): search,
    ("GET", PREFIX + "get-download-uri"): download_uri,
    ("POST", PREFIX + "transition-stage"): transition,
    ("POST", PREFIX + "set-tag"): set_tag,
    ("DELETE", PREFIX + "delete-tag"): delete_tag,
}
