"""Checks what people put under incoming/ and makes dataset versions of it."""

from aws_cdk import Duration, Size
from aws_cdk import aws_events as events
from constructs import Construct

from infra.constructs.event_rule import EventRule
from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from trimtab.api.routes import of_function


class ValidateDataset(Construct):
    """Woken by each object that is created under incoming/, and by people over HTTP who close a quarantine."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation, api: HttpApi) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self,
            "Function",
            name="validate_dataset",
            foundation=foundation,
            lock="lambda-data",
            memory_mb=2048,
            disk=Size.gibibytes(4),  # the largest file it takes, 2 GiB, with as much again to spare
            timeout=Duration.minutes(15),
        )
        EventRule(
            self,
            "Arrived",
            to=self.function,
            pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [foundation.store.bucket.bucket_name]},
                    "object": {"key": [{"prefix": "incoming/"}]},
                },
            ),
        )
        api.route(self.function, *of_function("validate_dataset"))
        self._allow(foundation)

    def _allow(self, foundation: Foundation) -> None:
        store, role = foundation.store, self.function.role
        store.grant_change_state(role)
        store.grant_find_objects(role)
        store.grant_read_versions(role, "incoming/")
        store.grant_read_objects(role, "datasets/", "quarantine/")
        store.grant_write_objects(role, "datasets/", "quarantine/")
        self.function.allow_publishing()
