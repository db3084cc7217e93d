"""Where aliases point and pointed: of one model, of all, and every move of one."""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.registry_api.paging import page, page_of
from trimtab.api.queries import AtQuery
from trimtab.aws.aliases import Aliases
from trimtab.domain.aliases import AliasMove
from trimtab.domain.registry.live import AliasStanding, ModelStanding, standing
from trimtab.domain.registry.names import NAME_MOST, check_alias
from trimtab.errors import NotFound
from trimtab.query import read_query
from trimtab.runtime import Runtime, get_runtime

AT_ONCE = 100  # aliases of one model that are told of; it can have 80 at once


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API the routes of aliases."""

    @app.get("/v1/live")
    def list_live() -> dict[str, Any]:
        return _live(get_runtime(), read_query(app, AtQuery))

    @app.get("/v1/models/<model>/aliases")
    def list_aliases(model: str) -> dict[str, Any]:
        return _of_model(get_runtime(), read_query(app, AtQuery), model)

    @app.get("/v1/models/<model>/aliases/<alias>")
    def list_moves(model: str, alias: str) -> dict[str, Any]:
        runtime = get_runtime()
        check_alias(alias)
        _insist_on_short(runtime, model)
        moves = Aliases(runtime.table)

        def listed(limit: int, after: str | None) -> tuple[list[AliasMove], str | None]:
            return moves.history(model, alias, limit=limit, after=after)

        found = page(app, AliasMove, listed)
        if not found["items"]:
            _insist_on(runtime, model)
        return found


def _live(runtime: Runtime, query: AtQuery) -> dict[str, Any]:
    names = [model.name for model in runtime.registry.models.all()]

    def listed(limit: int, after: str | None) -> tuple[list[ModelStanding], str | None]:
        rest = [name for name in names if after is None or name > after]
        shown = rest[:limit]
        told = [
            ModelStanding(model=name, aliases=_standings(runtime, name, query.at, AT_ONCE, None)[0])
            for name in shown
        ]
        return told, shown[-1] if len(rest) > limit else None

    return page_of(query, ModelStanding, listed)


def _of_model(runtime: Runtime, query: AtQuery, model: str) -> dict[str, Any]:
    _insist_on_short(runtime, model)

    def listed(limit: int, after: str | None) -> tuple[tuple[AliasStanding, ...], str | None]:
        return _standings(runtime, model, query.at, limit, after)

    found = page_of(query, AliasStanding, listed)
    if not found["items"]:
        # Asked only now: where the aliases of a model that is gone have pointed can be looked up too.
        _insist_on(runtime, model)
    return found


def _standings(
    runtime: Runtime, model: str, at: datetime | None, limit: int, after: str | None
) -> tuple[tuple[AliasStanding, ...], str | None]:
    aliases = Aliases(runtime.table)
    names, token = aliases.names(model, limit=limit, after=after)
    moves = (
        aliases.get(model, name) if at is None else aliases.at(model, name, at) for name in names
    )
    found = (standing(name, move) for name, move in zip(names, moves, strict=True))
    return tuple(one for one in found if one is not None), token


def _insist_on_short(runtime: Runtime, model: str) -> None:
    """Do nothing for a name that a key of the table can hold. Raises NotFound for a longer one."""
    if len(model) > NAME_MOST:
        runtime.models.get(model)


def _insist_on(runtime: Runtime, model: str) -> None:
    """Do nothing for a model that there is. Raises NotFound for any other, naming those that are deployed."""
    try:
        runtime.registry.models.get(model)
    except NotFound:
        runtime.models.get(model)
