"""Runs over our own API: listed, shown, the best of some weeks, and two of them side by side."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.registry_api.paging import page_of
from functions.registry_api.recordings import recording_of
from trimtab.api.queries import BestQuery, DiffQuery, RunsQuery, Sparse
from trimtab.aws.tracking.best_runs import BestRuns, Span
from trimtab.aws.tracking.code_diffs import code_diff
from trimtab.aws.tracking.run_finder import Hit
from trimtab.domain.recording.shown import RunShown
from trimtab.domain.search import Kind, parse_filter, predicate
from trimtab.domain.tracking.names import check_run_id
from trimtab.domain.tracking.run_search import Place, RunQuery, view_of
from trimtab.domain.tracking.runs import Run, stages
from trimtab.domain.tracking.summaries import (
    RunsDiff,
    RunSummary,
    compared,
    is_about,
    summary_of,
)
from trimtab.errors import InvalidInput, NotFound
from trimtab.query import cut_down, read_query
from trimtab.runtime import Runtime, get_runtime

SINCE = timedelta(days=28)  # of the best runs, if nothing else is said


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API the routes of runs."""

    @app.get("/v1/runs")
    def list_runs() -> dict[str, Any]:
        return _listed(get_runtime(), read_query(app, RunsQuery))

    @app.get("/v1/runs/best")
    def list_best_runs() -> dict[str, Any]:
        return _best(get_runtime(), read_query(app, BestQuery))

    @app.get("/v1/runs/diff")
    def compare_runs() -> dict[str, Any]:
        query = read_query(app, DiffQuery)
        told = _compared(get_runtime(), query.a, query.b)
        return cut_down(told.model_dump(mode="json"), query, RunsDiff)

    @app.get("/v1/runs/<run>")
    def show_run(run: str) -> dict[str, Any]:
        query = read_query(app, Sparse)
        runtime = get_runtime()
        found = _found(runtime, run)
        recorded = recording_of(runtime, found)
        told = RunShown(**dict(_summary(runtime, found)), **recorded)
        return cut_down(told.model_dump(mode="json"), query, RunShown)


def _listed(runtime: Runtime, query: RunsQuery) -> dict[str, Any]:
    asked = RunQuery.parsed(query.filter, None)
    named = {one.id: one.name for one in runtime.experiments.all()}
    wanted = [one for one in named if query.experiment in (None, one, named[one])]

    def listed(limit: int, after: str | None) -> tuple[list[RunSummary], str | None]:
        hits = runtime.run_finder.find(
            wanted, asked, stages(None), after=_place(after), page=limit + 1
        )
        return _page(runtime, hits, limit)

    return page_of(query, RunSummary, listed)


def _best(runtime: Runtime, query: BestQuery) -> dict[str, Any]:
    until = query.until or runtime.clock.now()
    span = Span(query.since or until - SINCE, until)
    holds = predicate(parse_filter(query.filter, Kind.run), Kind.run)
    shown = stages(None)

    def accepts(run: Run) -> bool:
        about = query.model is None or is_about(run, _experiment(runtime, run), query.model)
        return about and run.lifecycle_stage in shown and holds(view_of(run))

    def listed(limit: int, after: str | None) -> tuple[list[RunSummary], str | None]:
        best = BestRuns(runtime.table, runtime.runs, runtime.run_finder)
        hits = best.find(
            query.metric,
            span,
            accepts,
            smallest=query.order == "min",
            after=_place(after),
            page=limit + 1,
        )
        return _page(runtime, hits, limit)

    return page_of(query, RunSummary, listed)


def _compared(runtime: Runtime, a: str, b: str) -> RunsDiff:
    one, other = _found(runtime, a), _found(runtime, b)
    bucket = runtime.settings.bucket
    diffs = (code_diff(runtime.s3, bucket, one), code_diff(runtime.s3, bucket, other))
    return compared(_summary(runtime, one), _summary(runtime, other), diffs)


def _page(runtime: Runtime, hits: Iterator[Hit], limit: int) -> tuple[list[RunSummary], str | None]:
    told: list[RunSummary] = []
    last: Place | None = None
    for hit in hits:
        if len(told) == limit:
            return told, json.dumps(last)
        last = hit.place
        if hit.run is None:  # it has looked far enough for one answer
            return told, json.dumps(last)
        told.append(_summary(runtime, hit.run))
    return told, None


def _place(token: str | None) -> Place | None:
    """Read where a page begins, which an earlier page told."""
    if token is None:
        return None
    try:
        group, value, start_ms, run_id = json.loads(token)
        return Place(int(group), float(value), int(start_ms), str(run_id))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidInput(
            "page_token: it tells no run", hint="leave page_token out to begin with"
        ) from error


def _found(runtime: Runtime, run_id: str) -> Run:
    try:
        check_run_id(run_id)
    except InvalidInput:
        raise NotFound(
            f"there is no run {run_id[:100]!r}", hint="GET /v1/runs lists them"
        ) from None
    return runtime.runs.get(run_id)


def _summary(runtime: Runtime, run: Run) -> RunSummary:
    return summary_of(run, _experiment(runtime, run))


def _experiment(runtime: Runtime, run: Run) -> str | None:
    try:
        return runtime.experiments.recall(run.experiment_id).name
    except NotFound:
        return None
