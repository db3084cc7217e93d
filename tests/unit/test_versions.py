"""Versions follow SageMaker's registry forwards only, and say who decided and why."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.model import Release
from trimtab.domain.versions import (
    Approval,
    ModelVersion,
    Package,
    VersionStatus,
    approval_refusal,
    describe,
    earns_approval,
    followed,
    read_description,
    registered,
    rejection_refusal,
)

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
ANN = "arn:aws:sts::123456789012:assumed-role/people/ann"
APPROVALS: list[Approval] = ["PendingManualApproval", "Approved", "Rejected"]


def package(
    approval: Approval = "PendingManualApproval", description: str = "", **properties: str
) -> Package:
    """Return what SageMaker's registry says of version 2."""
    return Package(
        version=2,
        arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/trimtab-dev-churn/2",
        approval=approval,
        description=description,
        modified_by=None,
        created_at=NOON,
        image="image",
        model_data_uri="s3://b/m",
        properties=properties,
    )


def version(status: str = "pending_approval") -> ModelVersion:
    """Return version 2 in a status."""
    told = registered(package(request_id="r"), {}, "auc 0.74 >= floor 0.6", NOON)
    return told.model_copy(update={"status": VersionStatus(status)})


@given(reason=st.text(min_size=1, max_size=1500))
def test_actor_and_reason_pass_through_the_description_whatever_the_reason_says(reason):
    description = describe(ANN, reason)
    assert len(description) <= 1024
    assert "\n" not in description
    actor, told = read_description(package("Approved", description))
    assert actor == ANN
    whole = " ".join(reason.split())
    assert told == whole[: len(told)]
    assert len(told) >= min(len(whole), 900)


def test_a_reason_that_names_another_actor_does_not_hide_the_true_one():
    description = describe(ANN, "fine (by arn:aws:iam::1:root)")
    assert read_description(package("Approved", description)) == (
        ANN,
        "fine (by arn:aws:iam::1:root)",
    )


@pytest.mark.parametrize(
    ("approval", "description", "reason"),
    [
        ("Approved", "", "approved in SageMaker's registry"),
        ("Rejected", "", "rejected in SageMaker's registry"),
        ("Approved", "checked by hand", "checked by hand"),
    ],
)
def test_an_approval_from_elsewhere_is_taken_with_what_it_says(approval, description, reason):
    assert read_description(package(approval, description)) == ("sagemaker", reason)


@pytest.mark.parametrize(
    ("status", "approval", "becomes"),
    [
        ("pending_approval", "PendingManualApproval", None),
        ("pending_approval", "Approved", "approved"),
        ("pending_approval", "Rejected", "rejected"),
        ("approved", "PendingManualApproval", None),
        ("approved", "Approved", None),
        ("approved", "Rejected", "rejected"),
        ("rejected", "PendingManualApproval", None),
        ("rejected", "Approved", None),
        ("rejected", "Rejected", None),
        ("blocked", "PendingManualApproval", None),
        ("blocked", "Approved", None),
        ("blocked", "Rejected", None),
    ],
)
def test_a_version_only_goes_forwards(status, approval, becomes):
    after = followed(version(status), package(approval, describe(ANN, "seen")), NOON)
    assert (after.status.value if after else None) == becomes
    if after:
        assert (after.decided_by, after.reason) == (ANN, "seen")
        assert after.approved_by == (ANN if becomes == "approved" else None)


@given(told=st.lists(st.sampled_from(APPROVALS), max_size=8))
def test_no_sequence_of_events_brings_a_version_back(told):
    order = list(VersionStatus)
    kept = version()
    for approval in told:
        after = followed(kept, package(approval), NOON)
        if after is not None:
            assert order.index(after.status) > order.index(kept.status)
            kept = after
            assert followed(kept, package(approval), NOON) is None


@pytest.mark.parametrize(
    ("given_version", "kept"), [("3", 3), ("", None), ("0", None), ("x", None), ("-1", None)]
)
def test_the_dataset_version_is_taken_where_the_pipeline_said_one(given_version, kept):
    assert (
        registered(package(dataset_version=given_version), None, None, NOON).dataset_version == kept
    )


def test_a_package_that_sagemaker_has_approved_already_is_registered_as_waiting_first():
    assert registered(package("Approved"), None, None, NOON).status == "pending_approval"


@pytest.mark.parametrize(
    ("approval", "status", "verdict", "earned"),
    [
        ("auto", "pending_approval", "auc 0.74 >= 0.6", True),
        ("manual", "pending_approval", "auc 0.74 >= 0.6", False),
        ("auto", "pending_approval", None, False),
        ("auto", "rejected", "auc 0.74 >= 0.6", False),
        ("auto", "blocked", "auc 0.74 >= 0.6", False),
    ],
)
def test_only_what_the_gate_passed_is_approved_without_a_person(approval, status, verdict, earned):
    told = version(status).model_copy(update={"verdict": verdict})
    assert earns_approval(told, Release(approval=approval)) is earned


@pytest.mark.parametrize("status", ["blocked", "rejected"])
def test_what_may_never_serve_is_not_approved(status):
    assert f"version 2 is {status} by" in (approval_refusal(version(status), "Approved") or "")


@pytest.mark.parametrize("status", ["pending_approval", "approved"])
def test_what_waits_or_is_approved_may_be_approved_unless_sagemaker_has_rejected_it(status):
    assert approval_refusal(version(status), "PendingManualApproval") is None
    assert approval_refusal(version(status), "Rejected") is not None


@pytest.mark.parametrize(
    ("status", "champion", "refused"),
    [
        ("approved", None, False),
        ("approved", 1, False),
        ("approved", 2, True),
        ("rejected", None, False),
        ("blocked", 1, True),
    ],
)
def test_the_champion_and_the_blocked_are_not_rejected(status, champion, refused):
    assert (rejection_refusal(version(status), champion) is not None) is refused
