"""Searches of runs and of experiments, a page at a time."""

from typing import Any

from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.fields import wrong_type
from functions.registry_api.mlflow.messages import experiment_message, message_size, run_message
from functions.registry_api.mlflow.request import Request
from functions.registry_api.mlflow.tokens import place_of, token_of
from trimtab.domain.search import Kind, View, parse_filter, parse_orders, predicate, sort_key
from trimtab.domain.tracking.experiments import Experiment, parse_id
from trimtab.domain.tracking.run_search import Place, RunQuery
from trimtab.domain.tracking.runs import stages

VIEWS = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY", 3: "ALL"}
RUNS_PAGE = 1000
MOST = 50_000
SIZE_MOST = 3_000_000  # of the runs of one answer: as text within JSON they are a good third longer, of 6 MB at most


def search_runs(request: Request) -> dict[str, Any]:
    """Answer runs of some experiments that a filter lets through, in the order that is asked for."""
    fields = request.fields
    experiment_ids = [parse_id(one) for one in fields.texts("experiment_ids")]
    text, order_by = fields.text("filter") or "", fields.texts("order_by")
    most, view = _most(request, RUNS_PAGE), fields.choice("run_view_type", VIEWS)
    query = RunQuery.parsed(text, order_by)
    asked = ("runs", experiment_ids, text, order_by, view)
    after = _run_place(place_of(fields.text("page_token"), *asked))
    found = request.runtime.run_finder.find(
        experiment_ids, query, stages(view), after=after, page=most + 1
    )
    told: list[dict[str, Any]] = []
    last, size = after, 0
    for hit in found:
        size += 0 if hit.run is None else message_size(hit.run)
        if len(told) == most or (told and size > SIZE_MOST):
            return {"runs": told, "next_page_token": token_of(last, *asked)}
        last = hit.place
        if hit.run is None:  # it has looked far enough for one answer
            return {"runs": told, "next_page_token": token_of(last, *asked)}
        told.append(run_message(hit.run))
    return {"runs": told}


def search_experiments(request: Request) -> dict[str, Any]:
    """Answer experiments that a filter lets through, in the order that is asked for."""
    fields = request.fields
    view, most = fields.choice("view_type", VIEWS), _most(request, 0)
    text, order_by = fields.text("filter") or "", fields.texts("order_by")
    comparisons, orders = (
        parse_filter(text, Kind.experiment),
        parse_orders(order_by, Kind.experiment),
    )
    asked = ("experiments", text, order_by, view)
    place = place_of(fields.text("page_token"), *asked)
    begin = place if isinstance(place, int) and place >= 0 else 0
    holds, order, shown = predicate(comparisons, Kind.experiment), sort_key(orders), stages(view)
    found = [
        (order(seen), one)
        for one in request.runtime.experiments.all()
        for seen in [_view(one)]
        if one.lifecycle_stage in shown and holds(seen)
    ]
    found.sort(key=lambda pair: pair[0])
    page = [experiment_message(one) for _, one in found[begin : begin + most]]
    told: dict[str, Any] = {"experiments": page}
    if begin + most < len(found):
        told["next_page_token"] = token_of(begin + most, *asked)
    return told


def _most(request: Request, otherwise: int) -> int:
    given = request.fields.integer("max_results")
    most = otherwise if given is None else given
    if most < 1:
        raise WireError(
            f"Invalid value {most} for parameter 'max_results' supplied. It must be a positive integer"
        )
    if most > MOST:
        if otherwise:
            raise wrong_type("max_results", most)
        raise WireError(
            f"Invalid value {most} for parameter 'max_results' supplied. It must be at most {MOST}"
        )
    return most


def _run_place(place: Any) -> Place | None:
    if place is None:
        return None
    try:
        group, value, start_ms, run_id = place
        return Place(int(group), float(value), int(start_ms), str(run_id))
    except (TypeError, ValueError):
        raise WireError("Invalid page token, it tells no run") from None


def _view(experiment: Experiment) -> View:
    return View(
        attributes={
            "experiment_id": experiment.id,
            "name": experiment.name,
            "creation_time": experiment.created_ms,
            "last_update_time": experiment.updated_ms,
        },
        tags=experiment.tags,
    )
