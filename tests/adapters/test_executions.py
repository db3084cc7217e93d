"""Executions are started once per request, by calls that AWS's own model of the API takes."""

from datetime import UTC, datetime

import pytest

from tests.moto_platform import MODEL, STAGE, MotoPlatform
from trimtab.aws.executions import Executions
from trimtab.domain.endings import FailedStep
from trimtab.domain.training import CauseKind, TrainingRequest, request_id_at

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)


def request(chance: str = "0" * 32, champion: int | None = None) -> TrainingRequest:
    """Return a request for training."""
    return TrainingRequest(
        request_id=request_id_at(NOON, chance),
        cause=CauseKind.person,
        actor="ann",
        reason="I changed it",
        dataset_version=3,
        rows=1000,
        manifest_uri="s3://b/m",
        champion_version=champion,
        champion_model_uri="s3://b/champion.tar.gz" if champion else None,
        requested_at=NOON,
    )


@pytest.fixture
def executions(platform) -> Executions:
    """The executions of this stage."""
    return Executions(platform.runtime.sagemaker, STAGE)


def test_the_same_request_starts_one_execution_however_often(platform, executions):
    arns = {executions.start(MODEL, request()) for _ in range(3)}
    assert arns == set(platform.pipelines.started)
    assert len(arns) == 1


def test_another_request_or_another_model_starts_another(executions):
    arns = {
        executions.start(MODEL, request()),
        executions.start(MODEL, request("1" * 32)),
        executions.start("churn", request()),
    }
    assert len(arns) == 3


def test_an_execution_tells_its_request_and_its_state(platform, executions):
    arn = executions.start(MODEL, request())
    platform.pipelines.end(arn, "Stopped")
    told = executions.get(arn)
    assert (told.request_id, told.status, told.id) == (
        "20261109T120000-000000000000",
        "Stopped",
        "e00000000001",
    )


def test_the_champion_is_handed_to_the_pipeline(platform, executions):
    arn = executions.start(MODEL, request(champion=2))
    parameters = platform.pipelines.parameters(arn)
    assert parameters["ChampionVersion"] == "2"
    assert parameters["ChampionModelUri"] == "s3://b/champion.tar.gz"


def test_the_failed_step_is_found_behind_those_that_went_well(platform, executions):
    arn = executions.start(MODEL, request())
    platform.pipelines.end(
        arn,
        "Failed",
        {"StepName": "Prepare", "StepStatus": "Succeeded"},
        {"StepName": "Train", "StepStatus": "Failed", "FailureReason": "exit code 1"},
    )
    assert executions.failed_step(arn) == FailedStep(
        name="Train", reason="exit code 1", is_verdict=False
    )


def test_a_fail_step_without_a_reason_speaks_by_its_message(platform, executions):
    arn = executions.start(MODEL, request())
    step = {
        "StepName": "GateRefused",
        "StepStatus": "Failed",
        "Metadata": {"Fail": {"ErrorMessage": "auc 0.5 < 0.6"}},
    }
    platform.pipelines.end(arn, "Failed", step)
    told = executions.failed_step(arn)
    assert told == FailedStep(name="GateRefused", reason="auc 0.5 < 0.6", is_verdict=True)


def test_an_execution_without_a_failed_step_has_none(platform: MotoPlatform, executions):
    arn = executions.start(MODEL, request())
    platform.pipelines.end(arn, "Stopped", {"StepName": "Train", "StepStatus": "Stopped"})
    assert executions.failed_step(arn) is None
