"""Requests made from the OpenAPI document, good ones and broken ones: never a 5xx, never what it does not tell of.

`make fuzz EXAMPLES=500 SEED=7` looks deeper; in `make test` each route gets a few requests, the same every time.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from functions.request_training.handler import lambda_handler as request_training
from tests.accepted_data import accept
from tests.functions.test_registry_api import call, registered
from tests.functions.test_runs import track
from tests.http_gateway import gateway
from tests.moto_platform import MODEL, Context, MotoPlatform, moto_platform
from trimtab.api.openapi import document
from trimtab.api.route import Route
from trimtab.api.routes import ROUTES

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))  # of each route and kind
SEED = int(os.environ.get("FUZZ_SEED", "1"))
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)

THERE: dict[str, Any] = {}  # what a path can name that exists

load_all_checks()
checks = CHECKS.get_by_names(list(CHECKED))
schema = schemathesis.openapi.from_dict(document())
schema.app = gateway


@pytest.fixture(scope="module")
def platform() -> Iterator[MotoPlatform]:
    """A deployment in which most things that can be asked for are there."""
    with pytest.MonkeyPatch.context() as monkeypatch, moto_platform(monkeypatch) as deployment:
        for version in (1, 2):
            request_training(accept(deployment, version), Context())
        registered(deployment, 2)
        run = track("delays", "good", metrics={"auc": 0.7}, params={"depth": "5"})
        status, told = call("POST", "/v1/ideas", {"hypothesis": "wind delays", "runs": ["r1"]})
        assert status == 200, told
        THERE.update(model=MODEL, version=1, idea=told["idea"]["id"], run=run)
        yield deployment


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_no_request_is_answered_with_a_fault(
    platform: MotoPlatform, route: Route, mode: GenerationMode
) -> None:
    operation = schema[route.path][route.method]
    if mode is GenerationMode.NEGATIVE and not _can_be_broken(route):
        pytest.skip("nothing in this request can be wrong")

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        for name, value in case.path_parameters.items():
            if name in THERE and len(str(value)) % 4:  # so that not all end at 404
                case.path_parameters[name] = THERE[name]
        case.call_and_validate(checks=checks)

    ask()


def _can_be_broken(route: Route) -> bool:
    return bool(route.parameters or route.query or route.body)
