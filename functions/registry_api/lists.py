"""The lists of the registry: models, and what each model has, newest first, in pages."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel

from functions.registry_api import models
from functions.registry_api.paging import Lister, page, page_of
from trimtab.api.bodies import ModelSummary
from trimtab.api.queries import AuditQuery
from trimtab.aws.audit import AuditTrail
from trimtab.aws.collections import Collections
from trimtab.aws.datasets import Datasets
from trimtab.aws.rollouts import Rollouts
from trimtab.aws.table import Table
from trimtab.aws.training import Trainings
from trimtab.aws.versions import Versions
from trimtab.aws.watches import QualityWatches, Watches
from trimtab.domain.audit import AuditEntry, Wanted
from trimtab.domain.datasets import MODEL_LENGTH, DatasetVersion, Receipt
from trimtab.domain.quality.collections import Collection
from trimtab.domain.quality.windows import QualityWindow
from trimtab.domain.rollouts import Rollout
from trimtab.domain.training import TrainingRequest
from trimtab.domain.versions import ModelVersion
from trimtab.domain.watched import WatchedWindow
from trimtab.query import read_query
from trimtab.runtime import get_runtime

LISTS: dict[str, tuple[type[BaseModel], Callable[[Table], Lister]]] = {
    "versions": (ModelVersion, lambda table: Versions(table).list),
    "datasets": (DatasetVersion, lambda table: Datasets(table).list),
    "quarantine": (Receipt, lambda table: Datasets(table).quarantined),
    "training": (TrainingRequest, lambda table: Trainings(table).requests),
    "rollouts": (Rollout, lambda table: Rollouts(table).list),
    "drift": (WatchedWindow, lambda table: Watches(table).windows),
    "labels": (Collection, lambda table: Collections(table).list),
    "quality": (QualityWindow, lambda table: QualityWatches(table).windows),
    "audit": (AuditEntry, lambda table: AuditTrail(table).entries),
}


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API one route per list."""

    @app.get("/v1/models")
    def list_models() -> dict[str, Any]:
        return _models(app)

    @app.get("/v1/audit")
    def list_audit() -> dict[str, Any]:
        return _audit(app)

    for name, (kind, lister) in LISTS.items():
        app.get(f"/v1/models/<model>/{name}")(_route(app, kind, lister))


def _route(
    app: APIGatewayHttpResolver, kind: type[BaseModel], lister: Callable[[Table], Lister]
) -> Callable[[str], dict[str, Any]]:
    def answer(model: str) -> dict[str, Any]:
        runtime = get_runtime()
        if len(model) > MODEL_LENGTH:
            runtime.models.get(model)
        listed = lister(runtime.table)
        found = page(app, kind, lambda limit, after: listed(model, limit=limit, after=after))
        if not found["items"]:
            # Asked only now: what was put under the name of no model, or of a former one, can be looked up too.
            runtime.models.get(model)
        return found

    return answer


def _models(app: APIGatewayHttpResolver) -> dict[str, Any]:
    runtime = get_runtime()
    specs = runtime.models.all()

    def listed(limit: int, after: str | None) -> tuple[list[ModelSummary], str | None]:
        names = [name for name in sorted(specs) if after is None or name > after]
        shown = names[:limit]
        told = [models.summary(runtime, specs[name]) for name in shown]
        return told, shown[-1] if len(names) > limit else None

    return page(app, ModelSummary, listed)


def _audit(app: APIGatewayHttpResolver) -> dict[str, Any]:
    query = read_query(app, AuditQuery)
    wanted = Wanted(**{name: getattr(query, name) for name in Wanted.model_fields})
    trail = AuditTrail(get_runtime().table)

    def listed(limit: int, after: str | None) -> tuple[list[AuditEntry], str | None]:
        return trail.search(wanted, limit=limit, after=after)

    return page_of(query, AuditEntry, listed)
