"""One local cloud for all scenarios, and hands to drive it as a user would."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.demo.feed import Event, Feed
from pipelines.flight_delays import data
from trimtab.client.api import Api
from trimtab.client.connection import Connection

MODEL = "flight-delays"
ROW = {
    "carrier": "UA",
    "origin": "EWR",
    "dest": "IAH",
    "scheduled_minute": 315,
    "weekday": 1,
    "distance": 1400,
    "temp": 39.0,
    "humid": 61.6,
    "wind_speed": 12.7,
    "visib": 10.0,
    "pressure": None,
    "precip": 0.0,
}


@dataclass(frozen=True)
class Deployment:
    """A running local cloud, its API as its user calls it, and its events."""

    cloud: LocalCloud
    api: Api
    feed: Feed

    def put(self, key: str, body: bytes) -> dict[str, Any]:
        """Upload an object to the data bucket."""
        bucket = self.cloud.connection.data_bucket
        return self.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    def object(self, uri: str) -> Any:
        """Return the JSON at an s3:// address."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return json.loads(self.cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    def audit(self, model: str) -> list[dict[str, Any]]:
        """Return the whole audit trail of a model, newest first."""
        return list(self.api.items(f"/v1/models/{model}/audit"))

    def await_entry(self, words: str) -> dict[str, Any]:
        """Return the audit entry that names `words`; for what makes no event, so the trail is watched."""
        for _ in range(100):
            found = [entry for entry in self.audit(MODEL) if words in json.dumps(entry)]
            if found:
                return found[0]
        raise AssertionError(f"no audit entry names {words!r}")

    def await_deletion(self, endpoint: str) -> None:
        """Wait until there is no endpoint of this name; SageMaker's own waiter looks every 30 s."""
        client = self.cloud.client("sagemaker")
        for _ in range(100):
            listed = client.list_endpoints(NameContains=endpoint)["Endpoints"]
            if endpoint not in [each["EndpointName"] for each in listed]:
                return
            time.sleep(0.1)
        raise AssertionError(f"{endpoint} is still there")

    def await_weight(self, version: int, weight: int) -> None:
        """Wait until the version has this share of the requests; the first one is told by the next minute only."""
        for _ in range(100):
            route = self.api.get(f"/v1/models/{MODEL}")["route"]
            if {"version": version, "weight": weight} in [
                {name: target[name] for name in ("version", "weight")}
                for target in route["targets"]
            ]:
                return
            time.sleep(0.1)
        raise AssertionError(f"version {version} never had {weight} % of the requests")


def connection_of(cloud: LocalCloud) -> Connection:
    """Return the local cloud as the command line's connection."""
    facts = cloud.connection
    return Connection(facts.api_url, facts.region, facts.access_key_id, facts.secret_access_key)


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """A fresh local cloud with everything deployed and nothing in it."""
    with LocalCloud.start(port=0) as cloud:
        feed = Feed(cloud, _ignore)
        yield Deployment(cloud, Api(connection_of(cloud)), feed)
        feed.close()


@pytest.fixture(scope="session")
def january() -> bytes:
    """A month of real flights."""
    return data.month(1).to_csv(index=False).encode()


@pytest.fixture(scope="session")
def champion(deployment: Deployment, january: bytes) -> dict[str, Any]:
    """January is put under incoming/; nothing else is called until its version serves."""
    deployment.put(f"incoming/{MODEL}/january.csv", january)
    deployment.feed.wait("RolloutPromoted", model=MODEL, version=1)
    return deployment.api.get(f"/v1/models/{MODEL}")


def _ignore(_: Event) -> None:
    """The feed keeps what came; nobody watches."""
