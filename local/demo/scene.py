"""What every part of the story has at hand: the cloud, its API, its events, and who asks it for predictions."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.cloud import LocalCloud
from local.demo.feed import Feed
from local.demo.promises import Broken, Ledger
from local.demo.traffic import Traffic
from local.demo.uploads import Uploads
from trimtab.client.api import Api

MODEL = "flight-delays"
PATIENCE, LOOK_AGAIN = 30.0, 0.2  # seconds


@dataclass(frozen=True)
class Scene:
    """Where the story happens."""

    cloud: LocalCloud
    ledger: Ledger
    api: Api
    feed: Feed
    traffic: Traffic
    uploads: Uploads

    def path(self, *below: str | int) -> str:
        """Return the API's path of the model, or of something below it."""
        return "/".join(["/v1/models", MODEL, *map(str, below)])

    def version(self, number: int) -> dict[str, Any]:
        """Return what is known of a version."""
        found: dict[str, Any] = self.api.get(self.path("versions", number))
        return found

    def now(self) -> datetime:
        """Return the cloud's time."""
        return datetime.fromisoformat(self.cloud.status()["clock"]["now"])

    def until(self, below: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first of a list's newest items that is wanted, looking again until there is one.

        For what makes no event.
        """
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for item in self.api.items(self.path(below), limit=5):
                if wanted(item):
                    return item
            time.sleep(LOOK_AGAIN)
        raise Broken(f"{self.path(below)} held nothing of that kind within {PATIENCE:.0f} s")
