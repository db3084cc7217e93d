"""Lineage over HTTP: what a thing was made of, and what was made of it."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from trimtab.api.queries import LineageQuery
from trimtab.domain.lineage import Lineage
from trimtab.query import cut_down, read_query
from trimtab.runtime import get_runtime


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API the route."""

    @app.get("/v1/lineage")
    def show_lineage() -> dict[str, Any]:
        query = read_query(app, LineageQuery)
        told = (
            get_runtime()
            .lineages()
            .of(query.of, up=query.direction != "down", down=query.direction != "up")
        )
        return cut_down(told.model_dump(mode="json"), query, Lineage)
