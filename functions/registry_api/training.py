"""Why a model was trained, or was not, over HTTP."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from trimtab.api.queries import WhyQuery
from trimtab.aws.training import Trainings
from trimtab.domain.audit import AuditEntry, Wanted
from trimtab.domain.explaining import Why, explained
from trimtab.domain.retraining import Budget
from trimtab.domain.spending import Left, left
from trimtab.query import cut_down, read_query
from trimtab.runtime import Runtime, get_runtime

A_NIGHT = timedelta(days=1)  # what is looked at unless a time is named
PAGE = 100
READ_MOST = 1000  # entries; a model whose training is asked for more often in the time is told of the newest


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API the route."""

    @app.get("/v1/models/<model>/training/why")
    def explain_training(model: str) -> dict[str, Any]:
        query = read_query(app, WhyQuery)
        return cut_down(_why(get_runtime(), model, query).model_dump(mode="json"), query, Why)


def _why(runtime: Runtime, model: str, query: WhyQuery) -> Why:
    budget = runtime.models.get(model).retraining.budget
    until = query.until or runtime.clock.now()
    since = query.since or until - A_NIGHT
    state = Trainings(runtime.table).standing(model).state
    return explained(
        model,
        _entries(runtime, Wanted(model=model, since=since, until=until)),
        since=since,
        until=until,
        running=state.running,
        waiting=state.waiting,
        budget=_left(runtime, model, budget) if budget else None,
    )


def _entries(runtime: Runtime, wanted: Wanted) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    token: str | None = None
    while len(found) < READ_MOST:
        page, token = runtime.audit.search(wanted, limit=PAGE, after=token)
        found += page
        if token is None:
            break
    return found


def _left(runtime: Runtime, model: str, budget: Budget) -> Left:
    now = runtime.clock.now()
    made = Trainings(runtime.table).requests_since(model, now - budget.span)
    return left(budget, [one.spent(now) for one in made if not one.never_started], now)
