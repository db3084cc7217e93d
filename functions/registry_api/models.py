"""What the registry says of a model at a glance."""

from trimtab import names
from trimtab.api.bodies import ModelSummary, Served, TrainingSummary
from trimtab.aws.aliases import Aliases
from trimtab.aws.datasets import Datasets
from trimtab.aws.routes import Routes
from trimtab.aws.training import Trainings
from trimtab.aws.versions import Versions
from trimtab.domain.model import ModelSpec
from trimtab.runtime import Runtime

LEFT_OUT = {"champion_model_uri", "manifest_uri"}


def summary(runtime: Runtime, spec: ModelSpec) -> ModelSummary:
    """Return a model's owner and problem, what serves, what trains, and what is newest."""
    table, model = runtime.table, spec.name
    version = Versions(table).latest(model)
    dataset = Datasets(table).latest(model)
    return ModelSummary(
        name=model,
        owner=spec.owner,
        problem=spec.problem.value,
        champion=_alias(runtime, model, "champion"),
        challenger=_alias(runtime, model, "challenger"),
        previous=_alias(runtime, model, "previous"),
        route=Routes(table).get(model),
        training=_training(runtime, model),
        latest_version=version.version if version else None,
        latest_dataset_version=dataset.version if dataset else None,
    )


def _alias(runtime: Runtime, model: str, alias: str) -> Served | None:
    move = Aliases(runtime.table).get(model, alias)
    if move is None or move.version is None:
        return None
    return Served(
        version=move.version,
        endpoint_name=names.endpoint_name(runtime.settings.stage, model, move.version),
        since=move.at,
        actor=move.actor,
        reason=move.reason,
    )


def _training(runtime: Runtime, model: str) -> TrainingSummary | None:
    trainings = Trainings(runtime.table)
    newest, _ = trainings.requests(model, limit=1)
    if not newest:
        return None
    waiting = trainings.standing(model).state.waiting
    told = newest[0].model_dump(exclude=LEFT_OUT)
    return TrainingSummary(**told, waiting=waiting)
