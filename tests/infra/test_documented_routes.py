"""The page of the HTTP API tells of every route, and of no other."""

import re
from pathlib import Path

from tests.infra.conftest import Template

PAGE = Path(__file__).parents[2] / "docs" / "http-api.md"


def test_the_page_of_the_api_tells_of_exactly_the_routes_there_are(platform: Template) -> None:
    routes = {
        route.properties["RouteKey"] for route in platform.resources("AWS::ApiGatewayV2::Route")
    }
    told = set(
        re.findall(r"^\| `((?:ANY|GET|POST|PUT|DELETE) /[^`]+)`", PAGE.read_text(), re.MULTILINE)
    )
    assert told == routes
