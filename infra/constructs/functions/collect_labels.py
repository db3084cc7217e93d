"""Takes in what people put under labels/, and labels that come by request."""

from aws_cdk import Duration, Size
from constructs import Construct

from infra.constructs.event_rule import EventRule, created_objects
from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from trimtab.api.routes import of_function


class CollectLabels(Construct):
    """Woken by each object that is created under labels/, and by people and programs over HTTP."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation, api: HttpApi) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self,
            "Function",
            name="collect_labels",
            foundation=foundation,
            lock="lambda-data",
            memory_mb=2048,
            disk=Size.gibibytes(4),  # the largest file it takes, 2 GiB, with as much again to spare
            timeout=Duration.minutes(15),
        )
        store, role = foundation.store, self.function.role
        EventRule(
            self,
            "Arrived",
            to=self.function,
            pattern=created_objects(store.bucket, "labels/"),
        )
        api.route(self.function, *of_function("collect_labels"))
        store.grant_change_state(role)
        store.grant_find_objects(role)
        store.grant_read_versions(role, "labels/")
        store.grant_read_objects(role, "predictions/", "ground-truth/")
        store.grant_write_objects(role, "ground-truth/")
        self.function.allow_publishing()
