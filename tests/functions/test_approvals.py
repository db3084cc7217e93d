"""Approvals: with an end, not of one's own version where the policy forbids it, and of versions without a package."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.request_training.handler import lambda_handler as request_training
from tests.functions.mlflow_wire import ask, event
from tests.functions.test_registry_api import BASE, PERSON, call, registered, tell
from tests.moto_platform import MODEL, Context, MotoPlatform, moto_platform
from trimtab.aws.rollouts import Rollouts
from trimtab.aws.training import Trainings
from trimtab.aws.versions import Versions
from trimtab.errors import Fault


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoPlatform]:
    """A deployment whose model wants another's approval than the asker's."""
    with moto_platform(monkeypatch, release={"approval": "manual", "self_approval": False}) as one:
        yield one


def approve(version: int, model: str = MODEL, **more: Any) -> tuple[int, dict[str, Any]]:
    path = f"/v1/models/{model}/versions/{version}/approve"
    return call("POST", path, {"reason": "reviewed", **more})


def test_an_approval_with_an_end_is_one_in_both_registries_and_ends(platform: MotoPlatform) -> None:
    [arn] = registered(platform)
    status, told = approve(1, expires_at="2026-11-10T09:00:00+01:00")
    assert (status, told["expires_at"]) == (202, "2026-11-10T08:00:00Z")
    tell(arn, "Approved")
    version = Versions(platform.table).get(MODEL, 1)
    assert version is not None
    assert version.expires_at is not None
    assert version.expires_at.isoformat() == "2026-11-10T08:00:00+00:00"
    package = platform.runtime.sagemaker.describe_model_package(ModelPackageName=arn)
    assert package["ApprovalDescription"].endswith("until 2026-11-10T08:00:00+00:00)")
    belief = Rollouts(platform.table).believe(MODEL, 1)
    assert belief.facts(platform.clock.now()).status == "approved"
    platform.clock.advance(days=1)
    assert belief.facts(platform.clock.now()).status == (
        "approved until 2026-11-10T08:00:00+00:00, which has passed"
    )


@pytest.mark.parametrize(
    "end", ["2026-11-09T07:59:59Z", "2026-11-09", "9999-12-31T23:00:00-14:00", "soon", 5]
)
def test_an_end_is_a_time_to_come(platform: MotoPlatform, end: Any) -> None:
    registered(platform)
    status, problem = approve(1, expires_at=end)
    assert (status, problem["code"]) == (400, "INVALID_INPUT")
    assert "expires_at" in problem["detail"]


def asked_for(platform: MotoPlatform) -> str:
    """Let the caller of the tests ask for a training, and register what it makes; return the package's ARN."""
    platform.dataset(1)
    answer = request_training(event("POST", f"{BASE}/training", {"reason": "new idea"}), Context())
    assert answer["statusCode"] == 202
    newest, _ = Trainings(platform.table).requests(MODEL, limit=1)
    arn = platform.package(request_id=newest[0].request_id, dataset_version="1")
    tell(arn)
    return arn


def test_who_asked_for_a_training_does_not_approve_what_it_made_if_the_policy_says_so(
    strict: MotoPlatform,
) -> None:
    asked_for(strict)
    version = Versions(strict.table).get(MODEL, 1)
    assert version is not None
    assert version.created_by == PERSON
    status, problem = approve(1)
    assert (status, problem["code"]) == (403, "NOT_ALLOWED")
    assert problem["detail"].startswith("version 1 was made on your own request")
    assert call("POST", f"{BASE}/versions/1/reject", {"reason": "leaks"})[0] == 202


def test_who_asked_for_a_training_may_approve_what_it_made_by_default(
    platform: MotoPlatform,
) -> None:
    asked_for(platform)
    assert approve(1)[0] == 202


def test_a_version_that_mlflow_registered_is_judged_here_alone(platform: MotoPlatform) -> None:
    ask("POST", "registered-models/create", {"name": "beside"})
    for _ in range(2):
        ask("POST", "model-versions/create", {"name": "beside", "source": "s3://b/x"})
    status, told = approve(1, "beside", expires_at="2026-11-10T08:00:00Z")
    assert (status, told["status"], told["asked"]) == (202, "approved", "approved")
    assert approve(1, "beside")[1]["status"] == "approved"
    found = call("GET", "/v1/models/beside/versions/1")[1]
    assert (found["approved_by"], found["expires_at"]) == (PERSON, "2026-11-10T08:00:00Z")
    refused = "/v1/models/beside/versions/2/reject"
    assert call("POST", refused, {"reason": "worse"})[1]["status"] == "rejected"
    status, problem = approve(2, "beside")
    assert (status, problem["code"]) == (409, "CONFLICT")
    assert problem["detail"] == f"version 2 is rejected by {PERSON}: worse"
    entries, _ = platform.runtime.audit.entries("beside")
    told_of = sorted(entry.action for entry in entries if entry.subject.startswith("version"))
    assert told_of == [
        "VersionApproved",
        "VersionRegistered",
        "VersionRegistered",
        "VersionRejected",
    ]
    assert approve(9, "beside")[0] == 404
    assert approve(1, "none")[0] == 404


def test_a_version_that_mlflow_registered_is_not_taken_for_a_pipelines(
    platform: MotoPlatform,
) -> None:
    ask("POST", "registered-models/create", {"name": "beside"})
    ask("POST", "model-versions/create", {"name": "beside", "source": "s3://b/x"})
    before = Versions(platform.table).get("beside", 1)
    assert before is not None
    Versions(platform.table).write(MODEL, None, before)
    arn = platform.package(request_id="r", dataset_version="1")
    with pytest.raises(Fault, match="was registered by arn:aws:iam::111122223333:user"):
        tell(arn)
