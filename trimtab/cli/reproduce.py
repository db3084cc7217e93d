"""`trimtab runs reproduce`: a run again, and whether it came out the same."""

import sys
import time
from collections.abc import Callable
from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.output import talk
from trimtab.client.api import Api
from trimtab.domain.recording.ids import run_id_of
from trimtab.errors import OperatorError

NOT_REPRODUCED, TOO_LATE = 3, 4  # exit codes: a verdict against, and time that is over
FIRST, LONGEST, GROWTH = 2.0, 20.0, 1.5  # seconds between two looks: a training takes minutes
LOOKED_AT = 100  # newest requests, among which the asked one is
OVER = ("successful", "failed", "error")


def parsed_space(text: str) -> dict[str, list[float]]:
    """Return the ranges that `depth=2:12,rate=0.01:0.3` names. Raises click's BadParameter for anything else."""
    space = {}
    for part in filter(None, text.split(",")):
        name, _, ends = part.partition("=")
        least, colon, most = ends.partition(":")
        try:
            space[name] = [float(least), float(most)]
        except ValueError as error:
            raise click.BadParameter(
                f"{part!r} is not name=min:max", param_hint="--wider-sweep"
            ) from error
        if not colon or space[name][0] >= space[name][1]:
            raise click.BadParameter(f"{part!r} is no range", param_hint="--wider-sweep")
    return space


def parsed_changes(pairs: tuple[str, ...]) -> dict[str, str]:
    """Return parameters by their names. Raises click's BadParameter for what is not name=value."""
    for pair in pairs:
        if not pair.partition("=")[1] or pair.startswith("="):
            raise click.BadParameter(f"{pair!r} is not name=value", param_hint="--set")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


class Waiting:
    """Waits until a rerun has its verdict."""

    def __init__(
        self,
        api: Api,
        answer: dict[str, Any],
        minutes: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Wait for the run that `answer` tells of, so many minutes at most."""
        self._api = api
        self._answer = answer
        self._has_verdict = answer["purpose"] == "reproduce"
        self._until = time.monotonic() + minutes * 60
        self._pause = FIRST
        self._sleep = sleep

    def run(self) -> dict[str, Any]:
        """Return the run once it is over, with its verdict if it is to have one. Exits with 4 if that is too late."""
        request = self._look(self._ended_request)
        arn = request["execution_arn"]
        if arn is None:
            raise OperatorError(f"the run did not start: {request['verdict']}")
        return self._look(lambda: self._judged(run_id_of(arn.rpartition("/")[2])))

    def _look(self, found: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
        while (told := found()) is None:
            if time.monotonic() > self._until:
                talk("it is not over yet; `trimtab runs show` tells when it is")
                sys.exit(TOO_LATE)
            self._sleep(self._pause)
            self._pause = min(self._pause * GROWTH, LONGEST)
        return told

    def _ended_request(self) -> dict[str, Any] | None:
        place = session.path(self._answer["model"], "training")
        for request in self._api.items(place, limit=LOOKED_AT):
            if self._is_mine(request):
                return request if request["phase"] in OVER else None
        return None

    def _is_mine(self, request: dict[str, Any]) -> bool:
        """Whether this is the asked request; of one that had to wait, the later one that has the same plan."""
        asked = self._answer
        if asked["decision"] != "wait":
            return bool(request["request_id"] == asked["request_id"])
        plan = request["plan"]
        same = (plan["origin_run_id"], plan["purpose"]) == (
            asked["origin_run_id"],
            asked["purpose"],
        )
        return same and request["request_id"] > asked["request_id"]

    def _judged(self, run_id: str) -> dict[str, Any] | None:
        run: dict[str, Any] = self._api.get(session.below("/v1/runs", run_id))
        if not self._has_verdict:
            return run if run["ended_at"] else None
        again = run["reproduction"]
        return run if again and again["result"] != "measuring" else None


def conclude(run: dict[str, Any]) -> None:
    """Say how a rerun came out, and exit with 3 if it did not reproduce."""
    again = run["reproduction"]
    if session.wants_json():
        session.show([], [], run)
    if again is None:
        talk(f"run {run['run_id']} {run['status']}: {run['tags'].get('trimtab.verdict', '')}")
        return
    rows = [
        {"what": d["what"], "origin": d["before"], "rerun": d["after"]}
        for d in again["differences"]
    ]
    if rows and not session.wants_json():
        session.show(rows, ["what", "origin", "rerun"], rows)
    talk(f"run {run['run_id']}: {again['sentence']}")
    if again["result"] == "not":
        sys.exit(NOT_REPRODUCED)
