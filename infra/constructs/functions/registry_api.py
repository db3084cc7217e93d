"""Tells what there is and what happened, and takes people's approvals."""

from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from trimtab import names

MODEL = "/v1/models/{model}"
ROUTES = (
    "GET /v1/models",
    f"GET {MODEL}",
    f"GET {MODEL}/versions",
    f"GET {MODEL}/versions/{{version}}",
    f"POST {MODEL}/versions/{{version}}/approve",
    f"POST {MODEL}/versions/{{version}}/reject",
    f"GET {MODEL}/datasets",
    f"GET {MODEL}/datasets/{{version}}",
    f"GET {MODEL}/quarantine",
    f"GET {MODEL}/training",
    f"GET {MODEL}/rollouts",
    f"GET {MODEL}/audit",
)


class RegistryApi(Construct):
    """Woken by people over HTTP."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation, api: HttpApi) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self, "Function", name="registry_api", foundation=foundation
        )
        api.route(self.function, *ROUTES)
        self._allow(foundation)

    def _allow(self, foundation: Foundation) -> None:
        group = names.model_package_group(foundation.settings.stage, "*")
        foundation.store.grant_change_state(self.function.role)
        self.function.allow_publishing()
        self.function.allow(
            "sagemaker:DescribeModelPackage",
            "sagemaker:UpdateModelPackage",
            on=[arn(self, "sagemaker", f"model-package/{group}/*")],
        )
