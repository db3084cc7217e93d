"""What the registry says of a model at a glance."""

from typing import Any

from trimtab import names
from trimtab.aws.aliases import Aliases
from trimtab.aws.datasets import Datasets
from trimtab.aws.routes import Routes
from trimtab.aws.training import Trainings
from trimtab.aws.versions import Versions
from trimtab.domain.model import ModelSpec
from trimtab.runtime import Runtime


def summary(runtime: Runtime, spec: ModelSpec) -> dict[str, Any]:
    """Return a model's owner and problem, what serves, what trains, and what is newest."""
    table, model = runtime.table, spec.name
    route = Routes(table).get(model)
    version = Versions(table).latest(model)
    dataset = Datasets(table).latest(model)
    return {
        "name": model,
        "owner": spec.owner,
        "problem": spec.problem.value,
        "champion": _alias(runtime, model, "champion"),
        "previous": _alias(runtime, model, "previous"),
        "route": route.model_dump(mode="json") if route else None,
        "training": _training(runtime, model),
        "latest_version": version.version if version else None,
        "latest_dataset_version": dataset.version if dataset else None,
    }


def _alias(runtime: Runtime, model: str, alias: str) -> dict[str, Any] | None:
    move = Aliases(runtime.table).get(model, alias)
    if move is None or move.version is None:
        return None
    return {
        "version": move.version,
        "endpoint_name": names.endpoint_name(runtime.settings.stage, model, move.version),
        "since": move.at.isoformat(),
        "actor": move.actor,
        "reason": move.reason,
    }


def _training(runtime: Runtime, model: str) -> dict[str, Any] | None:
    trainings = Trainings(runtime.table)
    newest, _ = trainings.requests(model, limit=1)
    if not newest:
        return None
    waiting = trainings.standing(model).state.waiting
    told = newest[0].model_dump(mode="json", exclude={"champion_model_uri", "manifest_uri"})
    return {**told, "waiting": [cause.model_dump(mode="json") for cause in waiting]}
