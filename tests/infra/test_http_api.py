"""The HTTP door: signed requests only, at a bounded rate, each of them logged."""

import json

from tests.infra.conftest import Template
from trimtab.api.routes import ROUTES, of_function

MLFLOW = {
    "ANY /api/2.0/mlflow/{proxy+}",
    "ANY /api/3.0/mlflow/{proxy+}",
    "ANY /api/2.0/mlflow-artifacts/{proxy+}",
    "GET /version",
    "GET /health",
}
EXPECTED = {name: set(of_function(name)) for name in sorted({route.function for route in ROUTES})}
EXPECTED["registry_api"] |= MLFLOW


def test_each_route_reaches_its_function(platform: Template) -> None:
    integrations = {
        each.id: each.properties for each in platform.resources("AWS::ApiGatewayV2::Integration")
    }
    found: dict[str, set[str]] = {name: set() for name in EXPECTED}
    names = {platform.function(name).id: name for name in EXPECTED}
    for route in platform.resources("AWS::ApiGatewayV2::Route"):
        integration = integrations[route.properties["Target"]["Fn::Join"][1][1]["Ref"]]
        assert integration["PayloadFormatVersion"] == "2.0"
        function = names[integration["IntegrationUri"]["Fn::GetAtt"][0]]
        found[function].add(route.properties["RouteKey"])
    assert found == EXPECTED


def test_no_route_lets_in_an_unsigned_request(platform: Template) -> None:
    routes = list(platform.resources("AWS::ApiGatewayV2::Route"))
    assert {route.properties["AuthorizationType"] for route in routes} == {"AWS_IAM"}


def test_the_rate_is_bounded_and_each_request_is_logged(platform: Template) -> None:
    stage = platform.only("AWS::ApiGatewayV2::Stage").properties
    assert stage["StageName"] == "$default"
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingBurstLimit": 200,
        "ThrottlingRateLimit": 100,
    }
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"requestId", "route", "status", "caller", "latencyMs"} <= set(logged)
    log = platform.body["Resources"][stage["AccessLogSettings"]["DestinationArn"]["Fn::GetAtt"][0]]
    assert log["Properties"]["RetentionInDays"] == 30


def test_the_outputs_say_where_to_go(platform: Template, data: Template) -> None:
    assert {"ApiId", "ApiUrl", "BusName"} <= set(platform.body["Outputs"])
    assert {"DataBucketName", "TableName"} <= set(data.body["Outputs"])
