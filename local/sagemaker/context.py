"""What every part of the service works with: config, state, time, processes, events, role credentials."""

import secrets
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from local.clock import LocalClock
from local.processes import Children
from local.sagemaker.clients import Clients
from local.sagemaker.config import SageMakerConfig
from local.sagemaker.store import Store


class Emit(Protocol):
    """Puts an event of an AWS service on the default bus."""

    def __call__(
        self, source: str, detail_type: str, detail: dict[str, Any], resources: Sequence[str] = ()
    ) -> None:
        """Deliver the event."""


@dataclass(frozen=True)
class Context:
    """The service's surroundings."""

    config: SageMakerConfig
    children: Children
    clock: LocalClock
    emit: Emit
    clients: Clients
    store: Store = field(default_factory=Store)

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return f"arn:aws:sagemaker:{self.config.region}:{self.config.account}:{kind}/{name}"

    def now(self) -> float:
        """Return local time in seconds, to the millisecond as AWS tells it."""
        return round(self.clock.time(), 3)

    def publish(self, detail_type: str, detail: dict[str, Any], *resources: str) -> None:
        """Put an event of SageMaker on the default bus."""
        self.emit("aws.sagemaker", detail_type, detail, resources)

    def scratch(self, purpose: str) -> Path:
        """Return a new empty folder; whoever takes it removes it."""
        folder = self.children.scratch / "sagemaker" / f"{purpose}-{random_id(8)}"
        folder.mkdir(parents=True)
        return folder


def random_id(length: int) -> str:
    """Return random lower-case letters and digits, as in the names that SageMaker makes."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))


RoleCredentials = Callable[[str, str], dict[str, str]]
