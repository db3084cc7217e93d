"""Answers predictions from the version that the route points to."""

from collections.abc import Iterable

from constructs import Construct

from infra.constructs.capture_alarm import CaptureAlarm
from infra.constructs.capture_stream import CaptureStream
from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from trimtab import names
from trimtab.api.routes import of_function


class InferenceApi(Construct):
    """Woken by callers over HTTP; the one function on the path of every prediction."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        foundation: Foundation,
        api: HttpApi,
        models: Iterable[str],
    ) -> None:
        super().__init__(scope, id)
        for model in models:
            CaptureAlarm(self, f"Alarm-{model}", foundation=foundation, model=model)
        captures = CaptureStream(self, "Captures", foundation=foundation)
        self.function = PlatformFunction(
            self,
            "Function",
            name="inference_api",
            foundation=foundation,
            memory_mb=1024,  # CPU comes with memory, and a caller waits for it
            environment={"TRIMTAB_CAPTURE_STREAM": captures.name},
        )
        api.route(self.function, *of_function("inference_api"))
        endpoints = f"{names.SERVING_PREFIX}-{foundation.settings.stage}-*"
        foundation.store.grant_read_state(self.function.role)
        self.function.allow("firehose:PutRecordBatch", on=[captures.arn])
        self.function.allow(
            "sagemaker:InvokeEndpoint", on=[arn(self, "sagemaker", f"endpoint/{endpoints}")]
        )
