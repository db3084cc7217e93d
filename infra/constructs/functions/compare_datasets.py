"""Tells what differs between two dataset versions."""

from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from trimtab.api.routes import of_function


class CompareDatasets(Construct):
    """Woken by people over HTTP; apart from registry_api, which needs no numpy and starts faster without."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation, api: HttpApi) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self,
            "Function",
            name="compare_datasets",
            foundation=foundation,
            lock="lambda-data",
            memory_mb=1024,
        )
        api.route(self.function, *of_function("compare_datasets"))
        store, role = foundation.store, self.function.role
        store.grant_read_state(role)
        store.grant_read_objects(role, "datasets/")
