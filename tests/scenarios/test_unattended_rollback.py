"""A version that is fine when it is promoted and fails later loses its traffic by its alarm, with nobody's help.

Here even the endpoint of the version before is gone; the demo tells it with that endpoint up.
"""

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.conftest import MODEL, ROW, Deployment
from trimtab.aws.routes import KNOWN_SECONDS

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def promoted(deployment: Deployment, champion: dict[str, Any]) -> int:
    """Train once more and return the version that took the traffic over from version 1."""
    wish = {"reason": "a second opinion", "force": True}
    asked = deployment.api.post(f"/v1/models/{MODEL}/training", wish)
    ended = deployment.feed.wait("TrainingFinished", request_id=asked["request_id"])
    assert ended["phase"] == "successful", ended["reason"]
    newest = deployment.api.get(f"/v1/models/{MODEL}/versions")["items"][0]["version"]
    deployment.feed.wait("RolloutStarted", model=MODEL, version=newest)
    deployment.await_weight(newest, 5)
    said = {"reason": "the second opinion is needed now"}
    deployment.api.post(f"/v1/models/{MODEL}/rollouts/{newest}/promote", said)
    moved = deployment.feed.wait("RolloutPromoted", model=MODEL, version=newest)
    assert moved["previous_version"] == 1
    time.sleep(KNOWN_SECONDS)
    return int(newest)


def test_a_champion_that_fails_is_rolled_back_by_its_alarm_to_an_endpoint_that_is_made_again(
    deployment: Deployment, promoted: int
):
    assert ask(deployment, 5) == {(200, promoted)}
    for version in (1, promoted):
        name = f"trimtab-dev-{MODEL}-v{version}"
        deployment.cloud.client("sagemaker").delete_endpoint(EndpointName=name)
        deployment.await_deletion(name)
    for _ in range(2):
        assert ask(deployment, 5) == {(503, None)}
        deployment.cloud.advance(MINUTE)
    deployment.cloud.advance(MINUTE)

    told = deployment.feed.wait("RolloutRolledBack", model=MODEL, from_version=promoted)
    assert (told["version"], told["actor"]) == (1, "roll_back")
    alarm = f"alarm trimtab-dev-champion-{MODEL}-failing: Threshold Crossed: 2 out of the last "
    assert told["reason"].startswith(alarm)
    time.sleep(KNOWN_SECONDS)
    assert ask(deployment, 5) == {(200, 1)}
    entry, waited = deployment.audit(MODEL)[:2]
    assert (waited["action"], waited["reason"]) == ("RollbackWaits", told["reason"])
    assert (entry["action"], entry["reason"]) == ("RolloutRolledBack", told["reason"])
    assert (entry["before"], entry["after"]) == (
        {"champion": promoted},
        {
            "champion": 1,
            "blocked": promoted,
            "verified": "20 of 20 golden rows answered as in the evaluation",
        },
    )


def test_no_endpoint_is_retired_before_its_probation_is_over(deployment: Deployment, promoted: int):
    answer = deployment.cloud.client("lambda").invoke(
        FunctionName="trimtab-dev-retire-endpoints", Payload=json.dumps({"detail-type": "Tick"})
    )
    assert json.load(answer["Payload"]) == {"retired": []}


def ask(deployment: Deployment, times: int) -> set[tuple[int, int | None]]:
    """Return the statuses and versions of that many answers."""
    path, body = f"/v1/models/{MODEL}/invocations", {"dataframe_records": [ROW]}
    return {told(deployment, path, body) for _ in range(times)}


def told(deployment: Deployment, path: str, body: dict[str, Any]) -> tuple[int, int | None]:
    """Return status and version of one answer."""
    answer = deployment.api.send("POST", path, json.dumps(body).encode())
    return answer.status, json.loads(answer.data).get("version")
