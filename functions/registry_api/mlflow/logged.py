"""What runs log: metrics, parameters, tags, one by one or in batches."""

from collections.abc import Callable, Iterable
from typing import Any

from functions.registry_api.mlflow.fields import Fields, missing
from functions.registry_api.mlflow.messages import run_id_of
from functions.registry_api.mlflow.model_metrics import measure_models
from functions.registry_api.mlflow.request import Request
from trimtab.domain.tracking.batches import Batch, check_limits, check_size, check_unique
from trimtab.domain.tracking.names import check_metric, check_run_id, checked_param, checked_tag
from trimtab.domain.tracking.points import Logged, Point
from trimtab.domain.tracking.runs import Run
from trimtab.domain.tracking.turns import turn_of


def log_metric(request: Request) -> dict[str, Any]:
    """Log one point of a metric."""
    fields = request.fields
    run_id, key = run_id_of(fields), fields.required_text("key")
    point = _point(fields)
    check_metric(key, point)
    request.runtime.runs.log(run_id, [(key, point)])
    measure_models(request, run_id, [fields], [(key, point)])
    return {}


def log_parameter(request: Request) -> dict[str, Any]:
    """Log a parameter, which never changes again."""
    fields = request.fields
    run_id, key = run_id_of(fields), fields.required_text("key")
    value = checked_param(key, fields.text("value") or "")
    change_active(request, run_id, lambda run: run.with_param(key, value))
    return {}


def log_batch(request: Request) -> dict[str, Any]:
    """Log metrics, parameters and tags together, or nothing of them."""
    check_size(len(request.body))
    fields = request.fields
    run_id = fields.required_text("run_id")
    metrics = _named(fields, "metrics", "value", "timestamp")
    params, tags = _named(fields, "params"), _named(fields, "tags")
    check_run_id(run_id)
    points = [_checked_metric(one, f"metrics[{place}]") for place, one in enumerate(metrics)]
    checked = _checked(params, "params", checked_param)
    tagged = _checked(tags, "tags", checked_tag)
    check_limits(len(metrics), len(params), len(tags))
    check_unique([one.text("key") or "" for one in params])
    if points and not (checked or tagged):
        request.runtime.runs.log(run_id, points)
    else:
        change_active(request, run_id, Batch(points, checked, tagged).onto)
    measure_models(request, run_id, metrics, points)
    return {}


def change_active(request: Request, run_id: str, weigh: Callable[[Run], Run]) -> Run:
    """Change a run that is not deleted. Raises InvalidInput for one that is.

    A client that counts its requests by their keys is heard once each, and in order: what comes late changes nothing.
    """
    turn = turn_of(request.request_key)

    def of_active(run: Run) -> Run:
        if turn is not None and run.has_heard(turn):
            return run
        run.insist_on_active()
        after = weigh(run)
        return after if turn is None else after.having_heard(turn)

    return request.runtime.runs.change(run_id, of_active)


def _named(fields: Fields, name: str, *required: str) -> list[Fields]:
    """The messages of a list, each of which must have a key and what else is required of it."""
    items = fields.items(name)
    for place, item in enumerate(items):
        for field in ("key", *required):
            if item.values.get(field) in (None, ""):
                raise missing(f"{name}[{place}].{field}")
    return items


def _point(fields: Fields) -> Point:
    value, timestamp = (
        fields.number("value", required=True),
        fields.integer("timestamp", required=True),
    )
    assert value is not None
    assert timestamp is not None
    return Point(timestamp, fields.integer("step") or 0, value)


def _checked_metric(item: Fields, path: str) -> Logged:
    key, point = item.required_text("key"), _point(item)
    check_metric(key, point, path)
    return key, point


def _checked(
    items: Iterable[Fields], name: str, check: Callable[[str, str, str], str]
) -> dict[str, str]:
    return {
        key: check(key, item.text("value") or "", f"{name}[{place}]")
        for place, item in enumerate(items)
        for key in [item.required_text("key")]
    }
