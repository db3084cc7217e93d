"""Takes down the endpoints of versions that answer no requests any more."""

from constructs import Construct

from infra.constructs.endpoint_scaling import allow_scaling_no_more
from infra.constructs.foundation import Foundation
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from infra.constructs.timetable import DUE, Time, Timetable
from trimtab import names

EVERY = "rate(1 hour)"  # a probation is days


class RetireEndpoints(Construct):
    """Woken by the clock."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation) -> None:
        super().__init__(scope, id)
        stage = foundation.settings.stage
        self.function = PlatformFunction(
            self, "Function", name="retire_endpoints", foundation=foundation
        )
        event = {"detail-type": "Tick", "detail": {"due": DUE}}
        timetable = Timetable(self, "Timetable", to=self.function)
        timetable.add(Time("Tick", names.retirement_tick(stage), EVERY, event))
        foundation.store.grant_change_state(self.function.role)
        self.function.allow("sagemaker:ListEndpoints", on=["*"])
        endpoints = f"endpoint/{names.endpoint_prefix(stage)}*"
        self.function.allow("sagemaker:DeleteEndpoint", on=[arn(self, "sagemaker", endpoints)])
        allow_scaling_no_more(self.function)
