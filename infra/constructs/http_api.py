"""The one HTTP door: an API Gateway HTTP API that lets in signed requests only."""

import json

from aws_cdk import CfnOutput, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.platform_function import PlatformFunction
from infra.settings import Settings

LOGGED = {
    "requestId": "$context.requestId",
    "at": "$context.requestTime",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "caller": "$context.identity.userArn",
    "sourceIp": "$context.identity.sourceIp",
    "latencyMs": "$context.responseLatency",
    "responseBytes": "$context.responseLength",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}


class HttpApi(Construct):
    """Routes signed requests to functions, at a bounded rate, and logs each of them without its body."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id)
        self._authorizer = authorizers.HttpIamAuthorizer()
        self._api = apigateway.HttpApi(
            self,
            "Api",
            api_name=settings.platform_stack,
            description="Trimtab: models, datasets, trainings, rollouts and predictions",
            create_default_stage=False,
            default_authorizer=self._authorizer,
        )
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=settings.requests_per_second, burst_limit=settings.request_burst
            ),
        )
        self._log_access(stage, settings)
        CfnOutput(scope, "ApiId", value=self._api.api_id)
        CfnOutput(scope, "ApiUrl", value=self._api.api_endpoint)

    def route(self, function: PlatformFunction, *routes: str) -> None:
        """Send these routes, written `METHOD /path`, to the function."""
        integration = integrations.HttpLambdaIntegration(
            function.function_name, function.function, scope_permission_to_route=False
        )
        for route in routes:
            method, _, path = route.partition(" ")
            self._api.add_routes(
                path=path,
                methods=[apigateway.HttpMethod[method]],
                integration=integration,
                authorizer=self._authorizer,
            )

    def _log_access(self, stage: apigateway.HttpStage, settings: Settings) -> None:
        log = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=f"/aws/vendedlogs/{settings.platform_stack}-api",
            retention=logs.RetentionDays[settings.log_retention],
            removal_policy=RemovalPolicy.DESTROY,
        )
        resource = stage.node.default_child
        if not isinstance(resource, apigateway.CfnStage):
            raise TypeError(f"{stage.node.path} is not made by a CfnStage")
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log.log_group_arn, format=json.dumps(LOGGED)
        )
