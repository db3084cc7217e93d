"""The OpenAPI 3.1 document, made from the table of routes and the models it names."""

from functools import cache
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from trimtab.api.bodies import Problem
from trimtab.api.queries import Sparse
from trimtab.api.route import Route
from trimtab.api.routes import ROUTES
from trimtab.domain.datasets import MODEL_LENGTH
from trimtab.domain.registry.names import ALIAS_MOST
from trimtab.errors import (
    Fault,
    InvalidInput,
    NotAllowed,
    NotFound,
    OperatorError,
    TooLarge,
    TrimtabError,
    UnsupportedMedia,
)

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]

ALWAYS: tuple[type[TrimtabError], ...] = (InvalidInput, NotAllowed, NotFound, Fault, OperatorError)
WITH_A_BODY: tuple[type[TrimtabError], ...] = (TooLarge, UnsupportedMedia)
FROM_THE_GATEWAY = frozenset(
    {403, 404, 413, 503}
)  # what it says itself, before any function is called
GATEWAYS: Schema = {
    "application/json": {
        "schema": {
            "type": "object",
            "required": ["message"],
            "properties": {"message": {"type": ["string", "null"]}},
        }
    }
}
PARAMETERS: dict[str, tuple[str, Schema]] = {
    "model": ("name of a model", {"type": "string", "minLength": 1, "maxLength": MODEL_LENGTH}),
    "version": ("a whole number from 1", {"type": "integer", "minimum": 1, "maximum": 99_999_999}),
    "alias": ("name of an alias", {"type": "string", "minLength": 1, "maxLength": ALIAS_MOST}),
    "run": ("id of a run", {"type": "string", "minLength": 1, "maxLength": 256}),
    "idea": ("id of an idea", {"type": "string", "minLength": 1, "maxLength": 100}),
    "receipt": ("id of a receipt", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
}


@cache
def document() -> Schema:
    """Return the whole document; the same at every call."""
    schemas = _Schemas()
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trimtab",
            "summary": "Models, datasets, trainings, rollouts, predictions, and who did what.",
            "version": _version(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"sigv4": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {
                "sigv4": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4 for the service execute-api",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            },
        },
    }


class _Schemas:
    """The schemas of every model that a route names."""

    def __init__(self) -> None:
        wanted: dict[tuple[type[BaseModel], Mode], None] = {(Problem, "serialization"): None}
        for route in ROUTES:
            if route.answer is not None:
                wanted[route.answer, "serialization"] = None
            if route.body is not None:
                wanted[route.body, "validation"] = None
        references, schema = models_json_schema(
            list(wanted), ref_template="#/components/schemas/{model}"
        )
        self._references = references
        self.definitions: Schema = schema["$defs"]
        for route in ROUTES:
            if _is_sparse(route) and route.answer is not None:
                # `fields` can leave out any of them.
                self._definition(route.answer).pop("required", None)

    def reference(self, model: type[BaseModel], mode: Mode) -> Schema:
        """Return what stands for a model's schema."""
        return dict(self._references[model, mode])

    def _definition(self, model: type[BaseModel]) -> Schema:
        name = self.reference(model, "serialization")["$ref"].rpartition("/")[2]
        found: Schema = self.definitions[name]
        return found


def _operation(route: Route, schemas: _Schemas) -> Schema:
    told: Schema = {
        "operationId": route.name,
        "summary": route.says,
        "tags": [route.function],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {str(int(route.status)): _answer(route, schemas), **_refusals(route, schemas)},
    }
    if route.body is not None:
        content = {"application/json": {"schema": schemas.reference(route.body, "validation")}}
        content |= {media: {"schema": {"type": "string"}} for media in route.takes}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _path_parameters(route: Route) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name][0],
            "schema": PARAMETERS[name][1],
        }
        for name in route.parameters
    ]


def _query_parameters(route: Route) -> list[Schema]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(mode="validation")
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": prop.pop("description", ""),
            "schema": _without_null(prop),
        }
        for name, prop in schema["properties"].items()
    ]


def _without_null(prop: Schema) -> Schema:
    """A parameter that may be left out is never null: a query string has no such thing."""
    kept = {key: value for key, value in prop.items() if key != "title"}
    if kept.get("default", "") is None:
        del kept["default"]
    choices = [one for one in kept.pop("anyOf", []) if one.get("type") != "null"]
    if len(choices) == 1:
        return {**choices[0], **kept}
    return {**kept, "anyOf": choices} if choices else kept


def _answer(route: Route, schemas: _Schemas) -> Schema:
    if route.answer is None:
        schema: Schema = {"type": "object"}
    else:
        schema = schemas.reference(route.answer, "serialization")
    if route.listed:
        schema = {
            "type": "object",
            "required": ["items", "next_page_token"],
            "additionalProperties": False,
            "properties": {
                "items": {"type": "array", "items": schema},
                "next_page_token": {"type": ["string", "null"]},
            },
        }
    phrase = HTTPStatus(route.status).phrase
    return {"description": phrase, "content": {"application/json": {"schema": schema}}}


def _refusals(route: Route, schemas: _Schemas) -> Schema:
    kinds = [*ALWAYS, *(WITH_A_BODY if route.body is not None else ()), *route.refuses]
    problem = schemas.reference(Problem, "serialization")
    ours = {"application/problem+json": {"schema": problem}}
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": ours | (GATEWAYS if status in FROM_THE_GATEWAY else {}),
        }
        for status in sorted({kind.status for kind in kinds})
    }


def _is_sparse(route: Route) -> bool:
    return route.query is not None and issubclass(route.query, Sparse)


def _version() -> str:
    try:
        return version("trimtab")
    except PackageNotFoundError:  # a function's bundle holds the code, not the distribution
        return "0"
