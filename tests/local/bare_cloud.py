"""The emulator with our Lambda, alarms, schedules and API limits, and nothing deployed: for tests of those parts.

Run as a script it serves until its standard input ends; each line there is a number of seconds to advance by.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import boto3
import pytest

ROOT = Path(__file__).parents[2]


class BareCloud:
    """A running bare cloud, and clients for it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.local.bare_cloud"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PLANTED_ON_HOST": "planted"},
        )
        self._clients: dict[tuple[str, tuple[str, str]], Any] = {}
        self.connection = self._answer()
        self.endpoint_url = self.connection["endpoint_url"]
        self._become_an_administrator()

    def _become_an_administrator(self) -> None:
        """Leave the root key, whose signatures nobody checks, for a user's."""
        iam = self.client("iam")
        iam.create_user(UserName="operator")
        policy = "arn:aws:iam::aws:policy/AdministratorAccess"
        iam.attach_user_policy(UserName="operator", PolicyArn=policy)
        key = iam.create_access_key(UserName="operator")["AccessKey"]
        self.connection["access_key_id"] = key["AccessKeyId"]
        self.connection["secret_access_key"] = key["SecretAccessKey"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the bare cloud ended"
        return cast("dict[str, Any]", json.loads(line))

    def client(self, service: str) -> Any:
        keys = (self.connection["access_key_id"], self.connection["secret_access_key"])
        if (service, keys) not in self._clients:  # making one costs more than many calls
            session = boto3.Session(*keys, region_name="us-east-1")
            made = session.client(cast("Any", service), endpoint_url=self.endpoint_url)
            self._clients[service, keys] = made
        return self._clients[service, keys]

    def advance(self, by: timedelta) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{by.total_seconds()}\n".encode())
        self._process.stdin.flush()
        self.now = self._answer()["now"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="module")
def bare_cloud() -> Iterator[BareCloud]:
    cloud = BareCloud()
    yield cloud
    cloud.close()


def main() -> None:
    from local.clock import LocalClock
    from local.emulator import environment
    from local.processes import Children

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    children, clock = Children(), LocalClock()
    root = environment.prepare(port=port, scratch=children.scratch, data=None)

    from local.emulator import alarms, api_gateway, boot, iam, lambdas, schedules
    from local.emulator.faults import Faults

    iam.close_back_doors(root)
    service = lambdas.install(
        children,
        clock,
        endpoint_url=f"http://127.0.0.1:{port}",
        runtime_path=ROOT / "build" / "lambda-runtime",
        account=environment.ACCOUNT,
        region=environment.REGION,
        limit=4,
    )
    alarms.install(clock, boot.emit, service.deliveries.submit)
    schedules.install(clock)
    api_gateway.install(integration_seconds=2.0)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def obey() -> None:
            tell(
                endpoint_url=f"http://127.0.0.1:{port}",
                access_key_id=root.access_key_id,
                secret_access_key=root.secret_access_key,
            )
            for line in sys.stdin:
                tell(now=clock.advance(timedelta(seconds=float(line))).timestamp())
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=obey, daemon=True).start()
        unmounted = cast("Any", None)
        await boot.serve(
            boot.Gate(sagemaker=unmounted, control=unmounted, faults=Faults()), listener, stop
        )

    def tell(**facts: Any) -> None:
        print(json.dumps(facts), flush=True)

    try:
        asyncio.run(serve())
    finally:
        service.close()
        clock.close()
        children.close()


if __name__ == "__main__":
    main()
