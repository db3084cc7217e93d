"""The version store keeps one record per version, and packages and reports are read as SageMaker leaves them."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from tests.moto_platform import MODEL, MotoPlatform
from trimtab.aws import keys
from trimtab.aws.evaluations import Evaluations
from trimtab.aws.packages import Packages
from trimtab.aws.table import Stale
from trimtab.aws.versions import Versions
from trimtab.domain.audit import AuditEntry
from trimtab.domain.versions import ModelVersion, VersionStatus

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)


def version(number: int) -> ModelVersion:
    """Return a version that waits for approval."""
    return ModelVersion(
        version=number,
        model_package_arn=f"arn:aws:sagemaker:us-east-1:123456789012:model-package/g/{number}",
        status=VersionStatus.pending_approval,
        dataset_version=number,
        request_id="r",
        execution_id="e",
        metrics={"auc": {"value": 0.7, "low": 0.6, "high": 0.8}},
        model_data_uri="s3://b/m",
        image="i",
        created_at=NOON,
        verdict="auc 0.7 >= 0.6",
        decided_by="record_training",
        decided_at=NOON,
        reason="auc 0.7 >= 0.6",
    )


def entry(entry_id: str) -> AuditEntry:
    """Return an audit entry."""
    return AuditEntry(
        id=entry_id, model=MODEL, at=NOON, actor="a", action="b", subject="c", reason="d"
    )


@pytest.fixture
def versions(platform) -> Versions:
    """The store."""
    return Versions(platform.table)


def test_a_version_is_read_as_it_was_written_with_its_audit_entry(platform, versions):
    versions.write(MODEL, None, version(1), entry("1"))
    assert versions.get(MODEL, 1) == version(1)
    assert platform.runtime.audit.entries(MODEL)[0] == [entry("1")]


def test_a_version_that_is_not_there_is_nothing(versions):
    assert versions.get(MODEL, 1) is None
    assert versions.latest(MODEL) is None
    assert versions.list(MODEL) == ([], None)


def test_of_writers_that_read_the_same_record_one_writes(platform, versions):
    versions.write(MODEL, None, version(1))
    seen = versions.read(MODEL, 1)
    platform.table.commit(Versions.block_write(seen, "ann", "wrong answers", NOON))
    approved = version(1).model_copy(update={"status": VersionStatus.approved})
    with pytest.raises(Stale):
        versions.write(MODEL, seen, approved, entry("late"))
    assert versions.get(MODEL, 1).status is VersionStatus.blocked
    assert platform.runtime.audit.entries(MODEL)[0] == []


def test_a_blocked_version_says_who_blocked_it_and_why_and_keeps_the_rest(platform, versions):
    versions.write(MODEL, None, version(1))
    later = NOON.replace(hour=13)
    platform.table.commit(
        Versions.block_write(versions.read(MODEL, 1), "ann", "wrong answers", later)
    )
    changes = {
        "status": VersionStatus.blocked,
        "decided_by": "ann",
        "decided_at": later,
        "reason": "wrong answers",
    }
    assert versions.get(MODEL, 1) == version(1).model_copy(update=changes)


def test_versions_are_listed_newest_first_in_pages_also_past_nine(versions):
    for number in range(1, 12):
        versions.write(MODEL, None, version(number))
    page, token = versions.list(MODEL, limit=10)
    rest, last = versions.list(MODEL, limit=10, after=token)
    assert [one.version for one in [*page, *rest]] == list(range(11, 0, -1))
    assert last is None
    assert versions.latest(MODEL) == version(11)


def test_a_package_is_read_with_what_the_pipeline_said_of_it(platform):
    arn = platform.package(request_id="r", dataset_version="3", execution_id="e")
    package = Packages(platform.runtime.sagemaker).get(arn)
    assert (package.version, package.approval) == (1, "PendingManualApproval")
    assert (package.image, package.model_data_uri) == ("image:1", "s3://models/model.tar.gz")
    assert package.properties == {"request_id": "r", "dataset_version": "3", "execution_id": "e"}


def test_a_package_that_is_not_there_is_an_error_and_not_nothing(platform):
    with pytest.raises(ClientError):
        Packages(platform.runtime.sagemaker).get(
            "arn:aws:sagemaker:us-east-1:123456789012:model-package/g/9"
        )


@pytest.mark.parametrize("body", [None, {"gate": {}}, ["no report"]])
def test_a_report_that_is_missing_or_no_report_is_nothing(platform, body):
    if body is not None:
        platform.put_json(keys.evaluation_key(MODEL, "e"), body)
    assert evaluations(platform).get(MODEL, "e") is None


def test_a_report_is_read_however_much_more_it_says(platform):
    report = {
        "rows": 5000,
        "metrics": {"auc": {"value": 0.7}},
        "gate": {"passed": True, "sentence": "auc 0.7 >= 0.6", "checks": []},
    }
    platform.put_json(keys.evaluation_key(MODEL, "e"), report)
    told = evaluations(platform).get(MODEL, "e")
    assert told is not None
    assert told.metrics == {"auc": {"value": 0.7}}
    assert (told.gate.passed, told.gate.sentence) == (True, "auc 0.7 >= 0.6")


def evaluations(platform: MotoPlatform) -> Evaluations:
    """The reader of reports."""
    return Evaluations(platform.runtime.s3, platform.runtime.settings.bucket)
