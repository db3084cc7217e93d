"""What every function is built on."""

from dataclasses import dataclass

from aws_cdk import aws_events as events
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sns as sns

from infra.constructs.platform_store import PlatformStore
from infra.settings import Settings


@dataclass(frozen=True)
class Foundation:
    """The data, the bus, the topic for alarms and the compiled model specs of one deployment."""

    settings: Settings
    store: PlatformStore
    bus: events.IEventBus
    alarms: sns.ITopic
    models: s3_assets.Asset
