"""The table of routes: every handler answers exactly the routes it is given, and the OpenAPI document is right."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from trimtab.api.openapi import document
from trimtab.api.routes import ROUTES

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted({route.function for route in ROUTES})


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_answers_exactly_the_routes_of_the_table(function: str) -> None:
    module = "v1" if function == "registry_api" else "handler"  # what MLflow's clients ask is apart
    app = import_module(f"functions.{function}.{module}").app
    given = {(route.method, route.path) for route in ROUTES if route.function == function}
    routes = [*app._static_routes, *app._dynamic_routes]
    answered = {(route.method, route.path.replace("<", "{").replace(">", "}")) for route in routes}
    assert answered == given


def test_the_document_is_openapi_3_1() -> None:
    told = document()
    assert told["openapi"] == "3.1.0"
    assert next(OpenAPIV31SpecValidator(told).iter_errors(), None) is None


def test_the_document_tells_every_route_once() -> None:
    paths = document()["paths"]
    told = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    assert told == {route.key for route in ROUTES}
    names = [one["operationId"] for item in paths.values() for one in item.values()]
    assert len(names) == len(set(names))


def test_every_operation_says_how_it_refuses() -> None:
    for route in ROUTES:
        answers = document()["paths"][route.path][route.method.lower()]["responses"]
        assert {"400", "403", "404", "500", "503"} <= set(answers), route.key
        if route.body is not None:
            assert {"413", "415"} <= set(answers), route.key


def test_every_parameter_says_what_is_expected() -> None:
    for route in ROUTES:
        told = document()["paths"][route.path][route.method.lower()]["parameters"]
        assert [one["name"] for one in told if not one["description"]] == [], route.key


def test_the_schema_of_every_parameter_is_told_in_the_words_of_json_schema() -> None:
    words = {"type", "minimum", "maximum", "minLength", "maxLength", "default", "pattern", "format"}
    for route in ROUTES:
        for told in document()["paths"][route.path][route.method.lower()]["parameters"]:
            assert set(told["schema"]) <= words | {"enum"}, (route.key, told["name"])


def test_the_document_is_made_without_the_data_engine_that_the_registrys_function_lacks() -> None:
    code = (
        "import sys\n"
        "for name in ('numpy', 'arro3', 'yaml', 'click'):\n"
        "    sys.modules[name] = None\n"
        "from trimtab.api.openapi import document\n"
        "print(document()['openapi'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.stdout.strip() == "3.1.0", ran.stderr
