"""What a new version is made of: files, a run, a logged model, or another version."""

from typing import Any

from functions.registry_api.mlflow.fields import Fields
from functions.registry_api.mlflow.request import Request
from trimtab.aws.tracking.logged_models import LoggedModels
from trimtab.domain.registry.names import LATEST, RUN_MOST, check_model_name
from trimtab.domain.registry.sources import REFERENCE, check_source
from trimtab.domain.registry.stages import stage_of
from trimtab.domain.tracking.logged_models import checked_id
from trimtab.domain.tracking.names import check_length
from trimtab.domain.versions import ModelVersion
from trimtab.errors import InvalidInput, NotFound


def origin_of(request: Request, fields: Fields) -> dict[str, Any]:
    """Return source, location, run and logged model of the version that a request registers."""
    source = fields.required_text("source")
    run_id, model_id = fields.text("run_id"), fields.text("model_id")
    check_length("run_id", run_id or "", RUN_MOST)
    check_source(source, run_id, model_id)
    reference = REFERENCE.fullmatch(source)
    if reference is None:
        origin = {"source": source, "run_id": run_id or None, "model_id": model_id or None}
        return origin | (_of_logged_model(request, source, model_id, run_id) if model_id else {})
    name, version = _referred(request, reference["name"], reference["version"], reference["alias"])
    if (run_id is not None and run_id != (version.run_id or "")) or (
        model_id is not None and model_id != (version.model_id or "")
    ):
        raise InvalidInput(
            f"Invalid model version source: '{source}'. The run_id and model_id request parameters must match the "
            "referenced model version."
        )
    return {
        "source": f"models:/{name}/{version.version}",
        "location": version.files,
        "run_id": version.run_id,
        "model_id": version.model_id,
    }


def _of_logged_model(
    request: Request, source: str, model_id: str, run_id: str | None
) -> dict[str, Any]:
    """Return the run that a logged model is of, and where its files lie if the source does not say it."""
    runtime = request.runtime
    model = LoggedModels(runtime.table, runtime.beliefs).get(checked_id(model_id))
    location = model.artifact_uri if source.startswith("models:/") else None
    return {"run_id": run_id or model.source_run_id or None, "location": location}


def _referred(
    request: Request, name: str, version: str | None, alias: str | None
) -> tuple[str, ModelVersion]:
    """Return the version that `models:/name/2`, `/latest`, `/Production` or `@alias` means."""
    registry = request.runtime.registry
    check_model_name(name)
    if version is not None and version.isascii() and version.isdigit():
        return name, registry.versions.get(name, int(version[:9]))
    model = registry.models.get(name)
    if alias is not None:
        return name, registry.versions.get(name, registry.pointing.target(model, alias))
    if version == LATEST:
        number = max(model.latest.values(), default=None)
    else:
        number = model.latest.get(stage_of(version or ""))
    if number is None:
        raise NotFound(f"No versions of model with name '{name}' and stage '{version}' found")
    return name, registry.versions.get(name, number)
