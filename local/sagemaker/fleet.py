"""The model servers behind one endpoint configuration: brought up together, chosen by weight."""

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local.sagemaker.context import Context
from local.sagemaker.model_server import ModelServer, ServerFailed
from local.sagemaker.models import Models
from local.sagemaker.store import Record

logger = logging.getLogger(__name__)

SERVERLESS_START = 180.0  # seconds a serverless container has until it must be healthy
INSTANCE_START = 240.0  # the same for a container on an instance, unless the variant says otherwise
SERVERLESS_BODY = 4 * 1024 * 1024
INSTANCE_BODY = 6_291_456


@dataclass
class Variant:
    """A production variant with its server and limits."""

    name: str
    weight: float
    server: ModelServer
    start_timeout: float
    body_limit: int
    slots: threading.Semaphore  # requests at once; the rest is throttled


class Fleet:
    """All servers of an endpoint under one configuration."""

    def __init__(self, context: Context, models: Models, endpoint: str, config: Record) -> None:
        """Prepare a server for each variant. Raises ServiceError if a model is gone."""
        self.config_name = str(config["EndpointConfigName"])
        self.variants = [
            _variant(context, models, endpoint, variant) for variant in config["ProductionVariants"]
        ]

    def start(self, given_up: Callable[[str], None]) -> None:
        """Bring up every server. Raises ServerFailed, with none left running."""
        with ThreadPoolExecutor(len(self.variants)) as pool:
            starts = [
                pool.submit(variant.server.start, variant.start_timeout, given_up)
                for variant in self.variants
            ]
        try:
            for start in starts:
                start.result()
        except ServerFailed:
            self.stop()
            raise

    def stop(self) -> None:
        """End every server."""
        for variant in self.variants:
            variant.server.stop()

    def choose(self, wanted: str | None) -> Variant | None:
        """Return the variant of that name, or one drawn by weight; None if there is none."""
        if wanted is not None:
            return next((variant for variant in self.variants if variant.name == wanted), None)
        if len(self.variants) == 1:
            return self.variants[0]
        weights = [variant.weight for variant in self.variants]
        if sum(weights) == 0:
            return None
        return secrets.SystemRandom().choices(self.variants, weights)[0]


def _variant(context: Context, models: Models, endpoint: str, variant: Record) -> Variant:
    model = models.get(variant["ModelName"])
    container = models.resolved(model["PrimaryContainer"])
    serverless = variant.get("ServerlessConfig")
    if serverless is not None:
        start, limit, slots = SERVERLESS_START, SERVERLESS_BODY, serverless["MaxConcurrency"]
    else:
        start = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", INSTANCE_START)
        limit, slots = INSTANCE_BODY, 1000
    server = ModelServer(
        context, endpoint, variant["VariantName"], container, model["ExecutionRoleArn"]
    )
    return Variant(
        name=variant["VariantName"],
        weight=variant["InitialVariantWeight"],
        server=server,
        start_timeout=float(start),
        body_limit=limit,
        slots=threading.Semaphore(slots),
    )
