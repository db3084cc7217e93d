"""A tracking API in memory that fails on command, in every way that a network and a function can."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from trimtab.errors import OperatorError

REFUSED_KEY = "refused"  # a param, metric or tag of this name is never taken


class Killed(BaseException):
    """The process that sent the request is no more."""


@dataclass
class TrackingServer:
    """Does what registry_api promises of runs; `faults` tells what befalls the next requests, one each."""

    faults: list[str] = field(default_factory=list)
    experiments: dict[str, str] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    delayed: list[tuple[str, str, bytes | None, str]] = field(default_factory=list)
    requests: int = 0
    deleted: bool = False  # whether experiments take no new runs

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Answer, or fail as the next fault says."""
        self.requests += 1
        key = (headers or {}).get("X-Trimtab-Request-Key", "")
        match self.faults.pop(0) if self.faults else "none":
            case "lost":
                raise OperatorError("no route to host")
            case "delayed":
                self.delayed.append((method, path, body, key))
                raise OperatorError("timed out")
            case "answer lost":
                self._answer(method, path, body, key)
                raise OperatorError("connection reset")
            case "failing":
                return SimpleNamespace(status=503, data=b"<html>Service Unavailable</html>")
            case "killed before":
                raise Killed
            case "killed after":
                self._answer(method, path, body, key)
                raise Killed
        return self._answer(method, path, body, key)

    def put_object(self, bucket: str, key: str, file: Path) -> None:
        """Keep a file as a bucket would."""
        self.files[f"{bucket}/{key}"] = file.read_bytes()

    def arrive(self) -> None:
        """Let the oldest request that was given up for lost arrive after all."""
        if self.delayed:
            self._answer(*self.delayed.pop(0))

    def _answer(self, method: str, path: str, body: bytes | None, key: str) -> Any:
        url = urlsplit(path)
        if "/mlflow-artifacts/artifacts/" in url.path:
            self.files[unquote(url.path.partition("/artifacts/")[2])] = body or b""
            return SimpleNamespace(status=200, data=b"{}")
        said = json.loads(body) if body else {n: v[0] for n, v in parse_qs(url.query).items()}
        status, told = self._do(url.path.removeprefix("/api/2.0/mlflow/"), said, key)
        return SimpleNamespace(status=status, data=json.dumps(told).encode())

    def _do(self, endpoint: str, said: dict[str, Any], key: str) -> tuple[int, Any]:
        match endpoint.split("/"):
            case ["experiments", verb]:
                return self._experiment(verb, said.get("experiment_name") or said["name"])
            case ["runs", "create"] if self.deleted:
                return _wrong("It is deleted")
            case ["runs", "create"]:
                run_id = f"run-of-{key}"
                new = {"status": "RUNNING", "said": [], "taken": {}}
                self.runs.setdefault(run_id, {**new, "experiment": said["experiment_id"]})
            case ["runs", verb]:
                run_id = said["run_id"]
                if verb != "get" and not self._change(self.runs[run_id], said, key):
                    return _wrong("no such name")
        uri = f"mlflow-artifacts:/{self.runs[run_id]['experiment']}/{run_id}"
        return 200, {"run": {"info": {"run_id": run_id, "artifact_uri": uri}}}

    def _experiment(self, verb: str, name: str) -> tuple[int, Any]:
        if verb == "create" and name in self.experiments:
            return 400, {"error_code": "RESOURCE_ALREADY_EXISTS", "message": name}
        if verb == "create":
            self.experiments[name] = str(len(self.experiments) + 1)
        if name not in self.experiments:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": name}
        found = {"experiment_id": self.experiments[name]}
        return 200, found if verb == "create" else {"experiment": found}

    def _change(self, run: Any, said: Any, key: str) -> bool:
        """Take a change unless it was taken before; False if it can never be."""
        journal, _, position = key.rpartition(":")
        if run["taken"].get(journal, -1) >= int(position):
            return True
        items = [
            (kind, item["key"], item["value"])
            for kind in ("params", "metrics", "tags")
            for item in said.get(kind, [])
        ]
        if any(name == REFUSED_KEY for _, name, _ in items):
            return False
        run["taken"][journal] = int(position)
        run["status"] = said.get("status", run["status"])
        run["said"] += items
        return True


def _wrong(sentence: str) -> tuple[int, Any]:
    return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": sentence}
