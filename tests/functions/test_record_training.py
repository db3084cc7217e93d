"""record_training: runs end once with a sentence, versions follow SageMaker's registry and never go back."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from functions.record_training.handler import lambda_handler
from functions.request_training.handler import lambda_handler as request_training
from tests.moto_platform import MODEL, Context, MotoPlatform, moto_platform, trimtab_event
from trimtab.aws import keys
from trimtab.aws.packages import Packages
from trimtab.aws.training import Trainings
from trimtab.aws.versions import Versions
from trimtab.domain.versions import ModelVersion, VersionStatus
from trimtab.errors import Fault

EVENTS = Path(__file__).parents[1] / "events"
SENTENCE = "auc 0.742 >= floor 0.6"
GATE_STEP = {
    "StepName": "GateRefused",
    "StepStatus": "Failed",
    "FailureReason": "the gate said no: auc 0.512 < floor 0.6",
    "Metadata": {"Fail": {"ErrorMessage": "the gate said no: auc 0.512 < floor 0.6"}},
}
TRAIN_STEP = {
    "StepName": "Train",
    "StepStatus": "Failed",
    "FailureReason": "ClientError: AlgorithmError: column late is missing, exit code: 1",
    "Metadata": {"TrainingJob": {"Arn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/t"}},
}
ANN = "arn:aws:iam::123456789012:user/ann"


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Let the function handle an event."""
    return lambda_handler(event, Context())


def execution_event(arn: str, status: str) -> dict[str, Any]:
    """Return SageMaker's event of an execution's new state."""
    event = json.loads((EVENTS / "sagemaker_pipeline_execution_succeeded.json").read_text())
    event["detail"] |= {"pipelineExecutionArn": arn, "currentPipelineExecutionStatus": status}
    return event


def package_event(arn: str, approval: str = "PendingManualApproval") -> dict[str, Any]:
    """Return SageMaker's event of a package's new state."""
    event = json.loads((EVENTS / "sagemaker_model_package_pending.json").read_text())
    event["detail"] |= {"ModelPackageArn": arn, "ModelApprovalStatus": approval}
    return event


def evaluation(platform: MotoPlatform, execution_id: str, sentence: str, *, passed: bool) -> None:
    """Leave the report that the evaluation step writes."""
    report = {
        "rows": 5000,
        "metrics": {"auc": {"value": 0.742, "low": 0.731, "high": 0.753}},
        "champion": None,
        "difference": None,
        "gate": {"passed": passed, "sentence": sentence, "checks": []},
    }
    platform.put_json(keys.evaluation_key(MODEL, execution_id), report)


@pytest.fixture
def run(platform) -> str:
    """Return the ARN of an execution under way."""
    request_training(platform.dataset(1), Context())
    return platform.pipelines.started[-1]


@pytest.fixture
def package(platform) -> str:
    """Return the ARN of a package that a pipeline registered after its gate passed."""
    return register(platform)


def register(platform: MotoPlatform) -> str:
    """Register a package as a pipeline does after its gate passed."""
    evaluation(platform, "e1", SENTENCE, passed=True)
    return platform.package(request_id="r-1", dataset_version="3", execution_id="e1")


@pytest.fixture
def by_hand(monkeypatch):
    """A deployment whose model leaves approval to people."""
    with moto_platform(monkeypatch, release={"approval": "manual"}) as deployment:
        yield deployment


def version(platform: MotoPlatform) -> ModelVersion:
    """Return version 1 as it is kept."""
    found = Versions(platform.table).get(MODEL, 1)
    assert found is not None
    return found


def test_a_run_that_made_a_version_ends_with_the_gates_sentence(platform, run):
    evaluation(platform, run.rpartition("/")[2], SENTENCE, passed=True)
    platform.pipelines.end(run, "Succeeded")
    answer = handle(execution_event(run, "Succeeded"))
    assert answer["phase"] == "successful"
    [finished] = platform.named("TrainingFinished")
    assert (finished["phase"], finished["reason"]) == ("successful", SENTENCE)
    request = Trainings(platform.table).request(MODEL, finished["request_id"])
    assert request is not None
    assert (request.phase, request.verdict) == ("successful", SENTENCE)
    state = Trainings(platform.table).standing(MODEL).state
    assert state.running is None
    assert state.trained == 1
    [entry] = platform.audited("TrainingFinished")
    assert entry["after"] == {"phase": "successful", "execution_arn": run}


def test_a_run_that_the_gate_refused_ends_as_failed_with_the_numbers(platform, run):
    evaluation(platform, run.rpartition("/")[2], "auc 0.512 < floor 0.6", passed=False)
    platform.pipelines.end(run, "Failed", GATE_STEP)
    assert handle(execution_event(run, "Failed"))["phase"] == "failed"
    assert platform.named("TrainingFinished")[0]["reason"] == "auc 0.512 < floor 0.6"


def test_a_run_that_the_check_refused_ends_as_failed_with_the_facts(platform, run):
    said = "The check refused to train: all 800 training rows have late 0; both classes are needed"
    step = {**GATE_STEP, "StepName": "CheckRefused", "FailureReason": said}
    prepared = {"StepName": "Prepare", "StepStatus": "Succeeded"}
    platform.pipelines.end(run, "Failed", prepared, step)
    handle(execution_event(run, "Failed"))
    [finished] = platform.named("TrainingFinished")
    assert (finished["phase"], finished["reason"]) == ("failed", said)
    assert Trainings(platform.table).standing(MODEL).state.trained == 1


def test_without_a_report_the_fail_steps_own_message_is_told(platform, run):
    platform.pipelines.end(run, "Failed", GATE_STEP)
    handle(execution_event(run, "Failed"))
    [finished] = platform.named("TrainingFinished")
    assert (finished["phase"], finished["reason"]) == ("failed", GATE_STEP["FailureReason"])


def test_a_run_that_broke_ends_in_error_with_the_steps_reason_not_the_executions(platform, run):
    platform.pipelines.end(
        run, "Failed", {"StepName": "Prepare", "StepStatus": "Succeeded"}, TRAIN_STEP
    )
    handle(execution_event(run, "Failed"))
    [finished] = platform.named("TrainingFinished")
    assert finished["phase"] == "error"
    assert finished["reason"] == f"step Train failed: {TRAIN_STEP['FailureReason']}"
    assert Trainings(platform.table).standing(MODEL).state.trained == 0


def test_a_report_that_cannot_be_read_does_not_hide_how_the_run_ended(platform, run):
    platform.put_json(keys.evaluation_key(MODEL, run.rpartition("/")[2]), {"gate": "?"})
    platform.pipelines.end(run, "Stopped")
    assert handle(execution_event(run, "Stopped"))["phase"] == "error"


def test_the_end_told_again_changes_nothing_and_is_told_again(platform, run):
    platform.pipelines.end(run, "Succeeded")
    for _ in range(3):
        platform.clock.advance(minutes=5)
        handle(execution_event(run, "Succeeded"))
    told = platform.named("TrainingFinished")
    assert len(told) == 3
    assert all(one == told[0] for one in told)
    assert len(platform.audited("TrainingFinished")) == 1


def test_two_ends_told_at_the_same_moment_end_the_run_once(platform, run):
    platform.pipelines.end(run, "Succeeded")
    platform.before_next_commit(lambda: handle(execution_event(run, "Succeeded")))
    handle(execution_event(run, "Succeeded"))
    assert len(platform.audited("TrainingFinished")) == 1


def test_an_end_before_the_start_was_noted_ends_the_run(platform):
    event = platform.dataset(1)
    platform.pipelines.crash_after_start = True
    with pytest.raises(ConnectionError):
        request_training(event, Context())
    platform.pipelines.crash_after_start = False
    [arn] = platform.pipelines.started
    platform.pipelines.end(arn, "Succeeded")
    assert handle(execution_event(arn, "Succeeded"))["phase"] == "successful"
    request_training(event, Context())
    assert platform.pipelines.started == [arn]
    assert platform.named("TrainingRequested")[0]["execution_arn"] == arn


def test_an_execution_that_is_still_under_way_is_left_alone(platform, run):
    assert handle(execution_event(run, "Executing")) == {}
    assert platform.named("TrainingFinished") == []


def test_an_end_that_sagemaker_does_not_confirm_yet_is_told_again_and_not_lost(platform, run):
    with pytest.raises(Fault, match="was told as Succeeded and is Executing"):
        handle(execution_event(run, "Succeeded"))
    platform.pipelines.end(run, "Succeeded")
    assert handle(execution_event(run, "Succeeded"))["phase"] == "successful"


def test_an_approval_that_sagemaker_does_not_confirm_yet_is_told_again_and_not_lost(by_hand):
    arn = register(by_hand)
    with pytest.raises(Fault, match="was told as Approved and is PendingManualApproval"):
        handle(package_event(arn, "Approved"))
    Packages(by_hand.runtime.sagemaker).decide(arn, "Approved", actor=ANN, reason="good")
    assert handle(package_event(arn, "Approved"))["status"] == "approved"


def test_an_execution_that_nobody_asked_trimtab_for_ends_no_request(platform, run):
    stranger = run[:-1] + "9"
    platform.pipelines.executions[stranger] = {
        **platform.pipelines.executions[run],
        "PipelineExecutionDisplayName": "by-hand",
        "PipelineExecutionStatus": "Succeeded",
    }
    assert handle(execution_event(stranger, "Succeeded")) == {}
    assert Trainings(platform.table).standing(MODEL).state.running is not None


def test_another_execution_under_the_same_name_does_not_end_the_request(platform, run):
    copy = run[:-1] + "9"
    platform.pipelines.executions[copy] = {**platform.pipelines.executions[run]}
    platform.pipelines.end(copy, "Failed", TRAIN_STEP)
    assert handle(execution_event(copy, "Failed")) == {}
    assert Trainings(platform.table).standing(MODEL).state.running is not None


def test_a_new_package_becomes_a_version_with_its_origin_and_numbers(by_hand):
    arn = register(by_hand)
    assert handle(package_event(arn)) == {"version": 1, "status": "pending_approval"}
    kept = version(by_hand)
    assert (kept.dataset_version, kept.request_id, kept.execution_id) == (3, "r-1", "e1")
    assert kept.metrics["auc"]["value"] == 0.742
    assert (kept.image, kept.model_data_uri) == ("image:1", "s3://models/model.tar.gz")
    assert kept.reason == SENTENCE
    [registered] = by_hand.named("VersionRegistered")
    assert (registered["version"], registered["model_package_arn"]) == (1, arn)
    assert len(by_hand.audited("VersionRegistered")) == 1
    assert by_hand.named("VersionApproved") == []


def test_a_version_of_an_automatic_model_is_approved_in_sagemakers_registry(platform, package):
    handle(package_event(package))
    told = platform.runtime.sagemaker.describe_model_package(ModelPackageName=package)
    assert told["ModelApprovalStatus"] == "Approved"
    assert told["ApprovalDescription"] == f"{SENTENCE} (by record_training)"
    assert version(platform).status is VersionStatus.pending_approval
    handle(package_event(package, "Approved"))
    kept = version(platform)
    assert (kept.status, kept.approved_by) == (VersionStatus.approved, "record_training")
    [approved] = platform.named("VersionApproved")
    assert (approved["actor"], approved["reason"]) == ("record_training", SENTENCE)


def test_a_package_that_no_gate_has_passed_waits_for_a_person(platform):
    arn = platform.package()
    handle(package_event(arn))
    assert version(platform).status is VersionStatus.pending_approval
    assert Packages(platform.runtime.sagemaker).get(arn).approval == "PendingManualApproval"


def test_a_package_that_the_gate_refused_is_a_rejected_version_with_the_gates_numbers(platform):
    evaluation(platform, "e1", "auc 0.512 < floor 0.6", passed=False)
    arn = platform.package("Rejected", request_id="r-1", dataset_version="3", execution_id="e1")
    for _ in range(2):  # events come twice
        assert handle(package_event(arn, "Rejected")) == {"version": 1, "status": "rejected"}
    kept = version(platform)
    assert (kept.status, kept.verdict, kept.decided_by) == (VersionStatus.rejected, None, "gate")
    assert kept.reason == kept.refusal == "auc 0.512 < floor 0.6"
    rejected = platform.named("VersionRejected")
    assert {(each["actor"], each["reason"]) for each in rejected} == {("gate", kept.reason)}
    assert not platform.named("VersionApproved")
    assert Packages(platform.runtime.sagemaker).get(arn).approval == "Rejected"


def test_a_crash_before_the_automatic_approval_is_healed_by_the_next_delivery(platform, package):
    platform.bus_is_down = True
    with pytest.raises(ConnectionError):
        handle(package_event(package))
    platform.bus_is_down = False
    handle(package_event(package))
    assert len(platform.named("VersionRegistered")) == 1
    assert Packages(platform.runtime.sagemaker).get(package).approval == "Approved"


def test_an_approval_in_sagemakers_own_console_counts_and_names_who_gave_it(by_hand):
    arn = register(by_hand)
    handle(package_event(arn))
    by_hand.runtime.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved"
    )
    handle(package_event(arn, "Approved"))
    kept = version(by_hand)
    assert (kept.status, kept.approved_by) == (VersionStatus.approved, "fake-user-profile-name")
    assert kept.reason == "approved in SageMaker's registry"


def test_events_told_in_the_wrong_order_end_in_the_same_state(by_hand):
    arn = register(by_hand)
    Packages(by_hand.runtime.sagemaker).decide(arn, "Approved", actor=ANN, reason="looks good")
    handle(package_event(arn, "Approved"))
    handle(package_event(arn))
    assert version(by_hand).status is VersionStatus.approved
    assert [name for name, _ in by_hand.events] == [
        "VersionRegistered",
        "VersionApproved",
        "VersionRegistered",
    ]
    assert len(by_hand.audited("VersionRegistered")) == 1
    [entry] = by_hand.audited("VersionApproved")
    assert (entry["actor"], entry["reason"]) == (ANN, "looks good")


def test_an_approval_told_again_is_told_again_with_the_same_words(platform, package):
    handle(package_event(package))
    for _ in range(3):
        platform.clock.advance(minutes=1)
        handle(package_event(package, "Approved"))
    told = platform.named("VersionApproved")
    assert len(told) == 3
    assert all(one == told[0] for one in told)
    assert len(platform.audited("VersionApproved")) == 1


def test_two_deliveries_at_the_same_moment_register_once(by_hand):
    arn = register(by_hand)
    by_hand.before_next_commit(lambda: handle(package_event(arn)))
    handle(package_event(arn))
    assert len(by_hand.audited("VersionRegistered")) == 1


@pytest.mark.parametrize("approval", ["PendingManualApproval", "Approved", "Rejected"])
def test_a_blocked_version_stays_blocked_whatever_is_told(platform, package, approval):
    handle(package_event(package))
    versions = Versions(platform.table)
    record = versions.read(MODEL, 1)
    assert record is not None
    platform.table.commit(Versions.block_write(record, ANN, "wrong answers", platform.clock.now()))
    platform.events.clear()
    platform.runtime.sagemaker.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus=approval
    )
    handle(package_event(package, approval))
    kept = version(platform)
    assert (kept.status, kept.decided_by) == (VersionStatus.blocked, ANN)
    assert platform.named("VersionApproved") == []


def test_a_rejection_is_final(by_hand):
    arn = register(by_hand)
    packages = Packages(by_hand.runtime.sagemaker)
    packages.decide(arn, "Rejected", actor=ANN, reason="wrong slice")
    handle(package_event(arn, "Rejected"))
    packages.decide(arn, "Approved", actor=ANN, reason="after all")
    handle(package_event(arn, "Approved"))
    assert version(by_hand).status is VersionStatus.rejected
    [rejected] = by_hand.named("VersionRejected")
    assert (rejected["actor"], rejected["reason"]) == (ANN, "wrong slice")
    assert by_hand.named("VersionApproved") == []


def test_a_package_that_is_not_complete_is_left_alone(platform, package):
    event = package_event(package)
    event["detail"]["ModelPackageStatus"] = "InProgress"
    assert handle(event) == {}
    assert Versions(platform.table).get(MODEL, 1) is None


def test_an_event_of_another_kind_is_not_swallowed(platform):
    with pytest.raises(ValidationError):
        handle(trimtab_event("DatasetAccepted", {}))
