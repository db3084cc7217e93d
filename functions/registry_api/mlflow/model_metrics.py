"""What runs measure of logged models: it is kept with the model as well as with the run."""

from collections.abc import Iterable

from functions.registry_api.mlflow.fields import Fields
from functions.registry_api.mlflow.request import Request
from trimtab.aws.tracking.logged_models import LoggedModels
from trimtab.domain.tracking.logged_models import LoggedMetric, LoggedModel, checked_id
from trimtab.domain.tracking.points import Logged


def measure_models(
    request: Request, run_id: str, items: Iterable[Fields], points: Iterable[Logged]
) -> None:
    """Keep each point with the model that its message names. Raises NotFound for a model that is none."""
    measured: dict[str, list[LoggedMetric]] = {}
    for item, (key, point) in zip(items, points, strict=True):
        model_id = item.text("model_id")
        if model_id:
            metric = LoggedMetric(
                key,
                point.value,
                point.timestamp,
                point.step,
                run_id,
                item.text("dataset_name") or None,
                item.text("dataset_digest") or None,
            )
            measured.setdefault(checked_id(model_id), []).append(metric)
    models = LoggedModels(request.runtime.table, request.runtime.beliefs)
    for model_id, metrics in measured.items():

        def with_metrics(model: LoggedModel, metrics: list[LoggedMetric] = metrics) -> LoggedModel:
            return model.with_metrics(metrics)

        models.change(model_id, with_metrics)
