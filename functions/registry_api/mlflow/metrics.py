"""Histories of metrics: of one run in pages, and of many runs at once to be drawn."""

from typing import Any

from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.messages import metric_message, run_id_of
from functions.registry_api.mlflow.request import Request
from functions.registry_api.mlflow.tokens import place_of, token_of
from trimtab.domain.tracking.points import Point
from trimtab.domain.tracking.sampling import Sample
from trimtab.errors import NotFound

PREFIX = "/api/2.0/mlflow/metrics/"
PAGE_MOST = 25_000  # points of one answer
BYTES_MOST = (
    4_000_000  # of one answer: as text within JSON it is a good third longer, of 6 MB at most
)
POINT_BYTES = 140  # of a point besides its key
RUNS_MOST = 100
SAMPLED_MOST = 2500  # points of each run that is drawn


def get_history(request: Request) -> dict[str, Any]:
    """Answer the points of a run's metric, in order of time; a page at a time."""
    fields = request.fields
    run_id, key = run_id_of(fields), fields.required_text("metric_key")
    most = fields.integer("max_results")
    if most is not None and most <= 0:
        raise WireError(
            f"Invalid value {most} for parameter 'max_results' supplied. It must be a positive integer."
        )
    after = _after(place_of(fields.text("page_token"), run_id, key))
    points, has_more = _page(request, run_id, key, _at_most(key, most), after)
    told: dict[str, Any] = {"metrics": [metric_message(key, point) for point in points]}
    if has_more:
        last = points[-1]
        place = [last.timestamp, last.step, repr(last.value)]
        told["next_page_token"] = token_of(place, run_id, key)
    return told


def get_history_bulk(request: Request) -> dict[str, Any]:
    """Answer the points of several runs' metric, run by run."""
    run_ids = request.query.get("run_id", [])
    if not run_ids:
        raise WireError("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(run_ids) > RUNS_MOST:
        raise WireError(
            f"GetMetricHistoryBulk request cannot specify more than {RUNS_MOST} run_ids. "
            f"Received {len(run_ids)} run_ids."
        )
    if "metric_key" not in request.query:
        raise WireError("GetMetricHistoryBulk request must specify a metric_key.")
    key = request.fields.text("metric_key") or ""
    most = _at_most(key, request.fields.integer("max_results"))
    found: list[dict[str, Any]] = []
    for run_id in sorted(set(run_ids)):
        points, _ = _page(request, run_id, key, max(most - len(found), 0), None)
        found += [{**metric_message(key, point), "run_id": run_id} for point in points]
    return {"metrics": found}


def get_history_bulk_interval(request: Request) -> dict[str, Any]:
    """Answer points of several runs' metric, evenly chosen over an interval of steps."""
    fields = request.fields
    run_ids, key = fields.texts("run_ids", required=True), fields.required_text("metric_key")
    if len(run_ids) > RUNS_MOST:
        raise WireError(
            f"GetMetricHistoryBulkInterval request must specify at most {RUNS_MOST} run_ids. "
            f"Received {len(run_ids)} run_ids."
        )
    first, last = fields.integer("start_step"), fields.integer("end_step")
    most = fields.integer("max_results")
    if most is not None and not 1 <= most <= SAMPLED_MOST:
        raise WireError(f"max_results must be between 1 and {SAMPLED_MOST}.")
    _check_interval(first, last)
    share = _at_most(key, None) // len(run_ids)
    runs = request.runtime.runs.many(run_ids)
    found: list[dict[str, Any]] = []
    for run_id in run_ids:
        if run_id in runs:
            sample = Sample(first, last)
            for point in request.runtime.histories.points(runs[run_id], key):
                sample.add(point)
            points = sample.points(max(min(most or SAMPLED_MOST, share), 1))
            found += [{**metric_message(key, point), "run_id": run_id} for point in points]
    return {"metrics": found}


def _at_most(key: str, asked: int | None) -> int:
    """How many points of a metric an answer has room for."""
    room = BYTES_MOST // (POINT_BYTES + 4 * len(key))
    return max(min(asked or PAGE_MOST, PAGE_MOST, room), 1)


def _after(place: Any) -> Point | None:
    if place is None:
        return None
    try:
        timestamp, step, value = place
        return Point(int(timestamp), int(step), float(value))
    except (TypeError, ValueError):
        raise WireError("Invalid page token, it tells no point") from None


def _check_interval(first: int | None, last: int | None) -> None:
    if (first is None) != (last is None):
        raise WireError("If either start step or end step are specified, both must be specified.")
    if first is not None and last is not None and first > last:
        raise WireError(
            "end_step must be greater than start_step. "
            f"Found start_step={first} and end_step={last}."
        )


def _page(
    request: Request, run_id: str, key: str, most: int, after: Point | None
) -> tuple[list[Point], bool]:
    try:
        run = request.runtime.runs.get(run_id)
    except NotFound:  # MLflow answers an empty history too
        return [], False
    return request.runtime.histories.page(run, key, most=most, after=after)


ENDPOINTS = {
    ("GET", PREFIX + "get-history"): get_history,
    ("GET", PREFIX + "get-history-bulk"): get_history_bulk,
    ("GET", PREFIX + "get-history-bulk-interval"): get_history_bulk_interval,
}
