"""Registered models and versions as MLflow's messages, and as what a search sees of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from functions.registry_api.mlflow.errors import ENDPOINT_NOT_FOUND, WireError
from functions.registry_api.mlflow.fields import Fields
from functions.registry_api.mlflow.messages import tag_list
from functions.registry_api.mlflow.request import Request
from trimtab.domain.registry.models import RegisteredModel
from trimtab.domain.registry.names import DESCRIPTION_MOST
from trimtab.domain.search import View
from trimtab.domain.search.matching import IS_PROMPT
from trimtab.domain.tracking.names import check_length
from trimtab.domain.versions import ModelVersion

READY = "READY"  # a version is registered at once, or not at all


def model_message(
    request: Request, model: RegisteredModel, latest: Mapping[tuple[str, int], ModelVersion]
) -> dict[str, Any]:
    """Return a model as MLflow's clients read it; `latest` has the newest version of each of its stages."""
    aliases = request.runtime.registry.pointing.of(model)
    told = {
        "name": model.name,
        "creation_timestamp": millis(model.created_at),
        "last_updated_timestamp": millis(model.updated_at),
        "description": model.description or None,
        "latest_versions": [
            version_message(model.name, latest[model.name, number], [])
            for number in sorted(model.latest.values())
            if (model.name, number) in latest
        ],
        "tags": tag_list(model.tags),
        "aliases": [
            {"alias": alias, "version": str(number)} for alias, number in sorted(aliases.items())
        ],
    }
    return {name: value for name, value in told.items() if value not in (None, [])}


def version_message(name: str, version: ModelVersion, aliases: list[str]) -> dict[str, Any]:
    """Return a version as MLflow's clients read it."""
    told = {
        "name": name,
        "version": str(version.version),
        "creation_timestamp": millis(version.created_at),
        "last_updated_timestamp": millis(version.last_change),
        "user_id": version.created_by,
        "current_stage": version.stage.value,
        "description": version.description,
        "source": version.source or version.files,
        "run_id": version.run_id or "",
        "run_link": version.run_link or "",
        "model_id": version.model_id,
        "status": READY,
        "tags": tag_list(version.tags),
        "aliases": aliases,
    }
    return {key: value for key, value in told.items() if value not in (None, [])}


def model_view(model: RegisteredModel) -> View:
    """Return what a search sees of a model."""
    return View(
        attributes={
            "name": model.name,
            "last_updated_timestamp": millis(model.updated_at),
        },
        tags=model.tags,
    )


def version_view(name: str, version: ModelVersion) -> View:
    """Return what a search sees of a version."""
    return View(
        attributes={
            "name": name,
            "version_number": version.version,
            "run_id": version.run_id or "",
            "source_path": version.source or version.files,
            "creation_timestamp": millis(version.created_at),
            "last_updated_timestamp": millis(version.last_change),
        },
        tags=version.tags,
    )


def aliases_of(
    request: Request, model: RegisteredModel | None, name: str, version: int
) -> list[str]:
    """Return the aliases of a version; of a deployed model's, the released ones too."""
    registry = request.runtime.registry
    if model is None and not registry.models.is_deployed(name):
        return []
    pointing = registry.pointing.of(model or registry.models.get(name))
    return sorted(alias for alias, number in pointing.items() if number == version)


def check_no_prompt(tags: Mapping[str, str]) -> None:
    """Do nothing for a model. Raises WireError for a prompt, which MLflow's clients keep as a model with a tag."""
    if tags.get(IS_PROMPT, "").lower() == "true":
        raise WireError("Prompts are not kept in this deployment.", ENDPOINT_NOT_FOUND)


def described(fields: Fields) -> str | None:
    """Return the description that a request gives, or None. Raises InvalidInput for one that is too long."""
    text = fields.text("description")
    check_length("description", text or "", DESCRIPTION_MOST)
    return text


def millis(at: datetime) -> int:
    """Return a time as MLflow's clients count it."""
    return int(at.timestamp() * 1000)
