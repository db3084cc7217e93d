"""Callers that never stop asking, and somebody who never stops looking at the route: what they saw, and when."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.scenarios.conftest import MODEL, ROW, Deployment
from trimtab.aws.routes import KNOWN_SECONDS
from trimtab.errors import EndpointError

CALLERS = 2
PAUSE = 0.03  # seconds of each caller between two requests: others have work on this machine too
LOOK = 0.2  # seconds between two looks at the route
OF_ENDPOINTS = frozenset(kind.code for kind in EndpointError.__subclasses__())


@dataclass(frozen=True)
class Seen:
    """One answer."""

    at: float  # when it was asked for
    status: int
    version: int | None
    code: str  # of a problem


@dataclass(frozen=True)
class Row:
    """What a stretch of time showed."""

    what: str
    sent: int
    answered: Counter[int]  # by version
    of_endpoints: int  # no answer, since the endpoint was not there to give one
    ours: Counter[str]  # no answer, for any other reason
    wrong: int  # answered by a version that had no requests to answer then
    outcome: str
    seconds: float  # from the first cause until the route had moved

    def __str__(self) -> str:
        answered = ", ".join(
            f"{count} by {version}" for version, count in sorted(self.answered.items())
        )
        return (
            f"| {self.what} | {self.sent} | {answered} | {self.of_endpoints} | {self.ours.total()} | {self.wrong}"
            f" | {self.outcome} | {self.seconds:.1f} |"
        )


HEADER = (
    "| what was done | sent | answered | endpoint gone | our fault | wrong version | outcome | seconds |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass
class Load:
    """The callers."""

    deployment: Deployment
    seen: list[Seen] = field(default_factory=list)
    routes: list[list[dict[str, Any]]] = field(default_factory=list)
    instead: int = 0  # answers of another version than the one that should have answered
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def flowing(self) -> Iterator["Load"]:
        """Ask and look until the block ends."""
        threads = [threading.Thread(target=self._ask_on) for _ in range(CALLERS)]
        threads.append(threading.Thread(target=self._look_on))
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def between(self, began: float, ended: float) -> list[Seen]:
        """Return the answers to what was asked in a stretch of time."""
        return [each for each in list(self.seen) if began <= each.at < ended]

    def row(
        self, what: str, began: float, moved: float, outcome: str, before: int, after: int
    ) -> Row:
        """Return what was seen since `began`, when the route moved to `after` at `moved`."""
        seen = self.between(began, time.monotonic())
        answered = Counter(each.version for each in seen if each.version is not None)
        failed = [each for each in seen if each.status != 200]
        known = moved + KNOWN_SECONDS
        wrong = [
            each
            for each in seen
            if each.version is not None
            and each.version not in ({after} if each.at > known else {before, after})
        ]
        return Row(
            what=what,
            sent=len(seen),
            answered=answered,
            of_endpoints=sum(each.code in OF_ENDPOINTS for each in failed),
            ours=Counter(f"{e.status} {e.code}" for e in failed if e.code not in OF_ENDPOINTS),
            wrong=len(wrong),
            outcome=outcome,
            seconds=moved - began,
        )

    def _ask_on(self) -> None:
        body = json.dumps({"dataframe_records": [ROW]}).encode()
        while not self._stop.wait(PAUSE):
            at = time.monotonic()
            answer = self.deployment.api.send("POST", f"/v1/models/{MODEL}/invocations", body)
            told = json.loads(answer.data)
            version = told.get("version") if answer.status == 200 else None
            self.instead += bool(told.get("fallback_from"))
            self.seen.append(Seen(at, answer.status, version, told.get("code", "")))

    def _look_on(self) -> None:
        table = self.deployment.cloud.client("dynamodb")
        name = next(each for each in table.list_tables()["TableNames"] if "trimtab" in each)
        key = {"pk": {"S": f"MODEL#{MODEL}"}, "sk": {"S": "ROUTE"}}
        while not self._stop.wait(LOOK):
            found = table.get_item(TableName=name, Key=key, ConsistentRead=True)["Item"]
            self.routes.append(json.loads(found["body"]["S"])["targets"])
