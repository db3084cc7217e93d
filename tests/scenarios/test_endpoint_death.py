"""An endpoint's processes are killed while requests flow: it answers again, and nobody gets worse than a 503."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.scenarios.conftest import MODEL, ROW, Deployment

PATIENCE = 30.0  # seconds; on a machine with nothing else to do it is back in two
CALLERS = 3


@dataclass
class Traffic:
    """Callers that never stop asking; every answer with its seconds."""

    deployment: Deployment
    answers: list[tuple[int, float, str]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> int:
        began = time.monotonic()
        body = json.dumps({"dataframe_records": [ROW]}).encode()
        answer = self.deployment.api.send("POST", f"/v1/models/{MODEL}/invocations", body)
        kind = answer.headers["content-type"].partition(";")[0]
        self.answers.append((answer.status, time.monotonic() - began, kind))
        return answer.status

    def flow(self) -> None:
        while not self.stop.is_set():
            self.ask()


@pytest.fixture
def traffic(deployment: Deployment, champion: dict) -> Iterator[Traffic]:
    flowing = Traffic(deployment)
    callers = [threading.Thread(target=flowing.flow) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    yield flowing
    flowing.stop.set()
    for caller in callers:
        caller.join()


@pytest.mark.parametrize("victim", ["worker", "master", "both"])
def test_killed_processes_are_replaced_and_callers_see_503_at_worst(
    deployment: Deployment, traffic: Traffic, victim: str
):
    master, worker = servers(deployment.cloud.connection.endpoint_url)
    for pid in {"worker": [worker], "master": [master], "both": [master, worker]}[victim]:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while traffic.ask() != 200 or worker in servers(deployment.cloud.connection.endpoint_url):
        assert time.monotonic() < deadline, traffic.answers[-5:]
    assert {status for status, _, _ in traffic.answers} <= {200, 503}
    assert {kind for status, _, kind in traffic.answers if status == 503} <= {
        "application/problem+json"
    }
    assert max(seconds for _, seconds, _ in traffic.answers) < PATIENCE
    described = deployment.cloud.client("sagemaker").describe_endpoint(
        EndpointName=f"trimtab-dev-{MODEL}-v1"
    )
    assert described["EndpointStatus"] == "InService"


def servers(endpoint_url: str) -> list[int]:
    """Master and worker of the one endpoint of the cloud that answers at the address."""
    parents = {}
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes()
            if (
                b"model_server:app" in command
                and endpoint_url.encode() in (folder / "environ").read_bytes()
            ):
                parents[int(folder.name)] = int((folder / "stat").read_text().split()[3])
        except (OSError, ValueError):
            continue  # no process, or one that ended meanwhile
    return sorted(parents, key=lambda pid: parents[pid] in parents)
