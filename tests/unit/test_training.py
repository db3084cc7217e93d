"""Training requests, how runs end, and what a model's training state keeps of them."""

from datetime import UTC, datetime, timedelta

import pytest

from trimtab.domain.endings import FailedStep, judge
from trimtab.domain.finishing import told_as
from trimtab.domain.pipeline_parameters import DECIDED
from trimtab.domain.plans import Plan
from trimtab.domain.training import (
    CauseKind,
    Run,
    TrainingRequest,
    TrainingState,
    finish,
    request_id_at,
    told_of_labels,
)

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)


def running(plan: Plan = Plan()) -> TrainingState:  # noqa: B008 (frozen)
    """Return the state while a run on dataset 2 is under way, which began when there were 30 labels."""
    run = Run(request_id="r-old", dataset_version=2, started_at=NOON, plan=plan, labels=30)
    return TrainingState(running=run, labels=40)


@pytest.mark.parametrize(
    ("ending", "trained", "labels"), [("error", 0, 0), ("failed", 2, 30), ("successful", 2, 30)]
)
def test_a_run_that_ended_in_error_has_not_trained_its_data(ending, trained, labels):
    state = finish(running(), "r-old", ending)
    assert (state.running, state.trained, state.labels_trained) == (None, trained, labels)


def test_a_reproduction_leaves_the_data_as_new_as_they_were():
    assert finish(running(Plan(purpose="reproduce")), "r-old", "successful").trained == 0


def test_the_end_of_another_run_changes_nothing():
    assert finish(running(), "r-older", "successful") == running()


def test_labels_told_twice_and_out_of_order_count_once():
    state = TrainingState()
    for total in (10, 25, 25, 20):
        state = told_of_labels(state, total)
    assert state.labels == 25


def test_request_ids_sort_by_time_and_fit_an_execution_display_name():
    early = request_id_at(NOON, "f" * 32)
    late = request_id_at(NOON + timedelta(seconds=1), "0" * 32)
    assert early == "20261109T120000-ffffffffffff"
    assert early < late


@pytest.mark.parametrize(
    ("status", "step", "verdict", "ending", "reason"),
    [
        ("Succeeded", None, "auc 0.74 >= floor 0.6", "successful", "auc 0.74 >= floor 0.6"),
        ("Succeeded", None, None, "successful", "every step succeeded"),
        (
            "Failed",
            FailedStep(name="GateRefused", reason="gate: auc 0.5 < 0.6", is_verdict=True),
            "auc 0.5 < floor 0.6",
            "failed",
            "auc 0.5 < floor 0.6",
        ),
        (
            "Failed",
            FailedStep(name="GateRefused", reason="gate: auc 0.5 < 0.6", is_verdict=True),
            None,
            "failed",
            "gate: auc 0.5 < 0.6",
        ),
        (
            "Failed",
            FailedStep(name="Train", reason="AlgorithmError: exit code 1", is_verdict=False),
            None,
            "error",
            "step Train failed: AlgorithmError: exit code 1",
        ),
        ("Stopped", None, None, "error", "the pipeline execution was stopped"),
        (
            "CompletedWithFailures",
            None,
            "auc 0.74 >= floor 0.6",
            "error",
            "the pipeline execution ended as CompletedWithFailures without a failed step",
        ),
    ],
)
def test_every_end_of_an_execution_has_a_phase_and_a_sentence(
    status, step, verdict, ending, reason
):
    outcome = judge(status, step, verdict)
    assert (outcome.ending, outcome.reason) == (ending, reason)


def request(**changes) -> TrainingRequest:
    """Return a request as it stands in the table before its run is known to have started."""
    return TrainingRequest(
        request_id="r",
        cause=CauseKind.person,
        actor="a",
        reason="why",
        dataset_version=1,
        rows=10,
        manifest_uri="s3://b/m.json",
        champion_version=None,
        champion_model_uri=None,
        requested_at=NOON,
        **changes,
    )


@pytest.mark.parametrize(
    ("phase", "ending"),
    [("pending", None), ("running", None), ("successful", "successful"), ("error", "error")],
)
def test_a_request_tells_its_ending_only_once_it_has_one(phase, ending):
    assert request(phase=phase).ending == ending


def test_the_end_of_a_run_that_has_not_ended_cannot_be_told():
    with pytest.raises(ValueError, match="request r of churn has not ended"):
        told_as("churn", request(phase="running"))


def test_a_plan_changes_parameters_but_never_what_the_decision_gives():
    told = request(plan=Plan(parameters={"Hyper-depth": "4"})).parameters
    assert told["Hyper-depth"] == "4"
    assert {"DatasetVersion", "RequestId", "ChampionVersion"} <= told.keys()
    for name in DECIDED:
        with pytest.raises(ValueError, match=f"{name} cannot be chosen"):
            Plan(parameters={name: "1"})


def test_what_a_run_has_used_is_what_aws_bills_or_its_time_while_that_is_not_known():
    assert request(ended_at=NOON + timedelta(minutes=30)).spent(NOON).instance_hours == 0.5
    under_way = request().spent(NOON + timedelta(minutes=15))
    assert (under_way.at, under_way.instance_hours) == (NOON, 0.25)
    assert request(instance_hours=3.5, ended_at=NOON).spent(NOON).instance_hours == 3.5


def test_a_request_that_never_started_is_one_that_ended_without_an_execution():
    assert request(ended_at=NOON).never_started
    assert not request().never_started
    assert not request(ended_at=NOON, execution_arn="arn").never_started
