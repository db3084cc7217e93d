"""The local cloud's own routes under /_trimtab/, for the command line, tests and the demo.

GET /status · POST /clock {"advance_seconds"} · POST /faults {"throttle"} · POST /save · POST /stop. Signed like any AWS
request (service name `trimtab`); the action that a policy allows or denies is `trimtab:Control`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local.clock import LocalClock
from local.emulator import iam
from local.emulator.faults import Faults

ACTION = "trimtab:Control"
JSON = {"Content-Type": "application/json"}
PREFIX = "/_trimtab"


@dataclass(frozen=True)
class Control:
    """Answers the control routes."""

    clock: LocalClock
    status: Callable[[], dict[str, Any]]  # facts that the server knows of itself
    save: Callable[[], None]
    stop: Callable[[], None]
    faults: Faults

    async def __call__(self, request: iam.Request) -> iam.Answer:
        """Answer one request if its signer is allowed to control the cloud."""
        denied = iam.authorize(request.headers, request.query, ACTION, "*")
        if denied is not None:
            return denied
        routes: dict[tuple[str, str], Callable[[iam.Request], dict[str, Any]]] = {
            ("GET", "/status"): self._status,
            ("POST", "/clock"): self._clock,
            ("POST", "/faults"): self._break,
            ("POST", "/save"): self._save,
            ("POST", "/stop"): self._stop,
        }
        route = routes.get((request.method, request.path.removeprefix(PREFIX)))
        if route is None:
            known = ", ".join(f"{method} {PREFIX}{path}" for method, path in routes)
            return _answer(404, {"message": f"there is only {known}"})
        try:
            return _answer(200, route(request))
        except ValueError as error:
            return _answer(400, {"message": str(error)})

    def _status(self, _: iam.Request) -> dict[str, Any]:
        return {**self.status(), "clock": self._time()}

    def _clock(self, request: iam.Request) -> dict[str, Any]:
        seconds = json.loads(request.body or b"{}").get("advance_seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise ValueError("advance_seconds must be a number of seconds, 0 or more")
        self.clock.advance(timedelta(seconds=seconds))
        return self._time()

    def _break(self, request: iam.Request) -> dict[str, Any]:
        share = json.loads(request.body or b"{}").get("throttle")
        if not isinstance(share, int | float) or isinstance(share, bool):
            raise ValueError("throttle must be a share from 0 to 1")
        self.faults.throttle(share)
        return {"throttle": self.faults.throttled_share}

    def _save(self, _: iam.Request) -> dict[str, Any]:
        self.save()
        return {}

    def _stop(self, _: iam.Request) -> dict[str, Any]:
        self.stop()
        return {}

    def _time(self) -> dict[str, Any]:
        return {
            "now": self.clock.now().isoformat(),
            "offset_seconds": self.clock.offset.total_seconds(),
        }


def _answer(status: int, body: dict[str, Any]) -> iam.Answer:
    return status, JSON, json.dumps(body).encode()
