"""Versions follow SageMaker's registry forwards only, and say who decided and why."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.model import Release
from trimtab.domain.versions import (
    Approval,
    GateSaid,
    ModelVersion,
    Package,
    VersionStatus,
    approval_refusal,
    describe,
    earns_approval,
    followed,
    read_description,
    redacted,
    registered,
    rejection_refusal,
    self_approval_refusal,
    serving_status,
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
    told = registered(package(request_id="r"), {}, GateSaid(True, "auc 0.74 >= floor 0.6"), NOON)
    return told.model_copy(update={"status": VersionStatus(status)})


@given(reason=st.text(min_size=1, max_size=1500))
def test_actor_and_reason_pass_through_the_description_whatever_the_reason_says(reason):
    description = describe(ANN, reason)
    assert len(description) <= 1024
    assert "\n" not in description
    judgement = read_description(package("Approved", description))
    assert (judgement.actor, judgement.expires_at) == (ANN, None)
    whole, told = " ".join(reason.split()), judgement.reason
    assert told == whole[: len(told)]
    assert len(told) >= min(len(whole), 900)


def test_a_reason_that_names_another_actor_does_not_hide_the_true_one():
    description = describe(ANN, "fine (by arn:aws:iam::1:root)")
    judgement = read_description(package("Approved", description))
    assert (judgement.actor, judgement.reason) == (ANN, "fine (by arn:aws:iam::1:root)")


@pytest.mark.parametrize(
    ("approval", "description", "reason"),
    [
        ("Approved", "", "approved in SageMaker's registry"),
        ("Rejected", "", "rejected in SageMaker's registry"),
        ("Approved", "checked by hand", "checked by hand"),
    ],
)
def test_an_approval_from_elsewhere_is_taken_with_what_it_says(approval, description, reason):
    judgement = read_description(package(approval, description))
    assert (judgement.actor, judgement.reason) == ("sagemaker", reason)


@given(reason=st.text(min_size=1, max_size=1500), until=st.datetimes(timezones=st.just(UTC)))
def test_the_end_of_an_approval_passes_through_the_description_to_the_second(reason, until):
    description = describe(ANN, reason, until)
    assert len(description) <= 1024
    judgement = read_description(package("Approved", description))
    assert (judgement.actor, judgement.expires_at) == (ANN, until.replace(microsecond=0))


@pytest.mark.parametrize("until", ["2026-99-99", "2026-11-09T08:00:00"])
def test_an_end_that_is_no_time_in_a_zone_is_none(until):
    judgement = read_description(package("Approved", f"ok (by ann until {until})"))
    assert (judgement.actor, judgement.expires_at) == ("ann", None)


def test_an_approval_ends_and_a_rejection_takes_its_end_away():
    until = NOON + timedelta(hours=1)
    approved = followed(version(), package("Approved", describe(ANN, "seen", until)), NOON)
    assert approved is not None
    assert approved.expires_at == until
    status = approved.status.value
    assert serving_status(status, until, NOON) == "approved"
    assert serving_status(status, None, until) == "approved"
    assert serving_status(status, until, until) == (
        "approved until 2026-11-09T13:00:00+00:00, which has passed"
    )
    assert serving_status("blocked", until, until) == "blocked"
    rejected = followed(approved, package("Rejected", describe(ANN, "leaks")), NOON)
    assert rejected is not None
    assert (rejected.expires_at, rejected.approved_by) == (None, ANN)


def test_a_policy_may_forbid_to_approve_what_one_has_asked_for():
    told = registered(package(), {}, GateSaid(True, "auc 0.74 >= floor 0.6"), NOON, ANN)
    strict = Release(self_approval=False)
    assert self_approval_refusal(told, ANN, Release()) is None
    assert self_approval_refusal(told, "arn:aws:sts::1:assumed-role/people/bob", strict) is None
    assert self_approval_refusal(version(), ANN, strict) is None
    assert self_approval_refusal(told, ANN, strict) == (
        "version 2 was made on your own request, and the model's policy wants another's approval"
    )


def test_what_the_gate_refused_is_rejected_with_the_gate_s_numbers():
    said = GateSaid(False, "auc 0.512 < floor 0.6")
    told = registered(package(), {}, said, NOON)
    assert (told.status, told.verdict, told.refusal) == ("pending_approval", None, said.sentence)
    assert not earns_approval(told, Release(approval="auto"))
    rejected = followed(told, package("Rejected"), NOON)
    assert rejected is not None
    assert (rejected.status, rejected.decided_by) == ("rejected", "gate")
    assert rejected.reason == said.sentence
    assert followed(rejected, package("Approved", describe(ANN, "all the same")), NOON) is None
    refusal = approval_refusal(rejected, "Rejected")
    assert refusal == f"version 2 is rejected by gate: {said.sentence}"


def test_who_rejects_what_the_gate_refused_in_words_of_their_own_is_named():
    told = registered(package(), {}, GateSaid(False, "auc 0.512 < floor 0.6"), NOON)
    rejected = followed(told, package("Rejected", describe(ANN, "leaks")), NOON)
    assert rejected is not None
    assert (rejected.decided_by, rejected.reason) == (ANN, "leaks")


def test_what_is_kept_of_a_deleted_version_says_who_deleted_it_and_nothing_of_its_files():
    gone = redacted(version().model_copy(update={"tags": {"a": "b"}}), ANN, "old", NOON)
    assert (gone.deleted, gone.decided_by, gone.reason, gone.version) == (True, ANN, "old", 2)
    assert (gone.files, gone.tags, gone.metrics) == ("", {}, {})


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
