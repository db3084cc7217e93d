"""How an HTTP function reads a query string, and cuts an answer down to the fields that were asked for."""

from collections.abc import Mapping
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel, ValidationError

from trimtab.api.queries import Sparse
from trimtab.errors import InvalidInput

Query = TypeVar("Query", bound=BaseModel)


def read_query(app: APIGatewayHttpResolver, kind: type[Query]) -> Query:
    """Return the query string as `kind`. Raises InvalidInput with a problem for every parameter that is wrong."""
    given = app.current_event.query_string_parameters
    try:
        return kind.model_validate(_by_name(given), strict=False)
    except ValidationError as error:
        problems = [_problem(str(one["loc"][0]), one["type"], kind) for one in error.errors()]
        first = problems[0]
        raise InvalidInput(
            f"{first['field']}: {first['message']}, expected {first['expected']}",
            hint=f"mend {first['field']}, or leave it out",
            problems=problems,
        ) from error


def cut_down(answer: Mapping[str, Any], query: Sparse, known: type[BaseModel]) -> dict[str, Any]:
    """Return only the fields that the query names, in the answer's order; all if it names none."""
    wanted = wanted_fields(query, known)
    return {name: answer[name] for name in answer if wanted is None or name in wanted}


def wanted_fields(query: Sparse, known: type[BaseModel]) -> set[str] | None:
    """Return the fields that the query names, or None for all. Raises InvalidInput if one is no field of `known`."""
    if query.fields is None:
        return None
    wanted = {name.strip() for name in query.fields.split(",")}
    there = known.model_fields
    if unknown := sorted(wanted - set(there)):
        raise InvalidInput(
            f"fields: {unknown[0][:100]!r} is not a field of this answer, expected only {', '.join(there)}",
            hint="name fields with commas between",
            problems=[
                {
                    "field": "fields",
                    "message": f"{name[:100]!r} is not a field of this answer",
                    "expected": f"only {', '.join(there)}",
                }
                for name in unknown[:20]
            ],
        )
    return wanted


def _by_name(given: Mapping[str, str]) -> dict[str, str]:
    """The parameters that say something; an empty page token asks for the first page."""
    return {name: text for name, text in given.items() if text or name != "page_token"}


def _problem(field: str, fault: str, kind: type[BaseModel]) -> dict[str, Any]:
    known = {info.alias or name: info for name, info in kind.model_fields.items()}
    if fault == "extra_forbidden":
        return {
            "field": field[:100],
            "message": "is not a parameter of this route",
            "expected": f"only {', '.join(known)}",
        }
    message = "is missing" if fault == "missing" else "has a wrong value"
    return {"field": field, "message": message, "expected": known[field].description or "a value"}
