"""Training decisions: one run at a time, one start per cause, nothing lost while a run is going."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from trimtab.domain.endings import FailedStep, judge
from trimtab.domain.finishing import told_as
from trimtab.domain.model import Retraining
from trimtab.domain.plans import DECIDED, Plan
from trimtab.domain.training import (
    Cause,
    CauseKind,
    Decision,
    Moment,
    Run,
    TrainingData,
    TrainingRequest,
    TrainingState,
    after,
    after_waiting,
    decide,
    decide_waiting,
    finish,
    request_id_at,
)

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
MOMENT = Moment(now=NOON, request_id="r-new")
EAGER = Retraining()


def new_data(version: int) -> Cause:
    """Return the cause that dataset `version` is."""
    return Cause(
        kind=CauseKind.new_data,
        key=f"dataset-{version}",
        actor="request_training",
        reason="a batch came",
        dataset_version=version,
    )


def person(key: str = "1") -> Cause:
    """Return the cause that a person's wish is."""
    return Cause(kind=CauseKind.person, key=f"person-{key}", actor="ann", reason="I changed it")


def data(version: int = 1, new_rows: int = 1000) -> TrainingData:
    """Return the newest dataset version."""
    return TrainingData(version=version, rows=5000, new_rows=new_rows, manifest_uri="s3://b/m")


def running(version: int, waiting: tuple[Cause, ...] = ()) -> TrainingState:
    """Return the state while a run on dataset `version` is under way."""
    run = Run(request_id="r-old", dataset_version=version, started_at=NOON)
    return TrainingState(running=run, started_at=NOON, waiting=waiting)


def test_new_data_start_a_run_on_the_newest_dataset_version():
    decision = decide(new_data(2), TrainingState(trained=1), data(3), EAGER, MOMENT)
    assert (decision.kind, decision.dataset_version, decision.request_id) == ("start", 3, "r-new")
    assert decision.reason == "dataset 3 has 1,000 new rows"


def test_the_first_data_of_a_model_are_enough_however_few():
    policy = Retraining(minimum_new_rows=10**6)
    decision = decide(new_data(1), TrainingState(), data(1, 10), policy, MOMENT)
    assert decision.kind == "start"
    assert decision.reason.startswith("the first training, on all ")


def test_too_few_new_rows_are_no_reason_and_the_sentence_says_how_few():
    policy = Retraining(minimum_new_rows=5000)
    decision = decide(new_data(2), TrainingState(trained=1), data(2, 1200), policy, MOMENT)
    assert decision.kind == "skip"
    assert decision.reason == (
        "1,200 new rows since the last training < 5,000 (retraining.minimum_new_rows)"
    )
    assert decision.request_id is None


def test_exactly_the_minimum_of_new_rows_is_enough():
    policy = Retraining(minimum_new_rows=5000)
    decision = decide(new_data(2), TrainingState(trained=1), data(2, 5000), policy, MOMENT)
    assert decision.kind == "start"
    assert "5,000 new rows >= 5,000" in decision.reason


@pytest.mark.parametrize(("minutes", "kind"), [(0, "skip"), (59, "skip"), (60, "start")])
def test_new_data_wait_for_the_cool_down_to_pass(minutes, kind):
    state = TrainingState(trained=1, started_at=NOON - timedelta(minutes=minutes))
    policy = Retraining(cool_down_minutes=60)
    decision = decide(new_data(2), state, data(2), policy, MOMENT)
    assert decision.kind == kind
    if kind == "skip":
        assert f"{minutes} min since the last training was started < 60 min" in decision.reason


def test_a_person_is_served_in_spite_of_minimum_and_cool_down():
    state = TrainingState(trained=1, started_at=NOON)
    policy = Retraining(minimum_new_rows=10**6, cool_down_minutes=60)
    decision = decide(person(), state, data(1, 0), policy, MOMENT)
    assert (decision.kind, decision.reason) == ("start", "I changed it")


def test_a_dataset_that_was_trained_already_is_no_reason():
    decision = decide(new_data(2), TrainingState(trained=3), data(3), EAGER, MOMENT)
    assert decision.kind == "skip"
    assert decision.reason == "dataset 3 was trained already and holds dataset 2"


@pytest.mark.parametrize("cause", [new_data(2), new_data(1), person()])
def test_a_cause_that_the_run_under_way_serves_joins_it(cause):
    decision = decide(cause, running(2), data(2), EAGER, MOMENT)
    assert (decision.kind, decision.request_id) == ("join", "r-old")
    assert decision.reason == "request r-old already trains dataset 2"
    assert after(running(2), decision) == running(2)


@pytest.mark.parametrize("cause", [new_data(3), person()])
def test_a_cause_that_the_run_under_way_does_not_serve_waits_for_its_end(cause):
    decision = decide(cause, running(2), data(3), EAGER, MOMENT)
    assert decision.kind == "wait"
    assert "r-old is under way on dataset 2; dataset 3 is weighed when it ends" in decision.reason
    assert after(running(2), decision).waiting == (cause,)


def test_of_waiting_data_only_the_newest_is_kept_and_a_person_beside_it():
    state = running(1)
    for cause in (new_data(3), person("1"), new_data(2), person("2")):
        state = after(state, decide(cause, state, data(3), EAGER, MOMENT))
    assert [cause.key for cause in state.waiting] == ["dataset-3", "person-1"]


def test_nothing_is_decided_at_a_runs_end_if_nothing_waited():
    assert decide_waiting(TrainingState(), data(), EAGER, MOMENT) is None


def test_what_waited_is_not_decided_while_another_run_is_under_way():
    assert decide_waiting(running(1, waiting=(new_data(2),)), data(2), EAGER, MOMENT) is None


def test_a_person_who_waited_comes_before_the_data_that_waited():
    state = TrainingState(trained=1, waiting=(new_data(2), person()))
    policy = Retraining(minimum_new_rows=10**6)
    decision = decide_waiting(state, data(2), policy, MOMENT)
    assert decision is not None
    assert (decision.kind, decision.cause.kind) == ("start", CauseKind.person)
    assert after_waiting(state, decision).waiting == ()


def test_data_that_waited_and_are_too_few_end_as_skipped():
    state = TrainingState(trained=1, waiting=(new_data(2),))
    decision = decide_waiting(state, data(2, 10), Retraining(minimum_new_rows=11), MOMENT)
    assert decision is not None
    assert decision.kind == "skip"
    assert after_waiting(state, decision).waiting == ()


def test_a_skipped_cause_leaves_what_waits_alone():
    state = TrainingState(trained=2, waiting=(person(),))
    assert after(state, decide(new_data(1), state, data(2), EAGER, MOMENT)) == state


def test_a_run_that_ended_in_error_has_not_trained_its_data():
    assert finish(running(2), "r-old", "error").trained == 0
    assert finish(running(2), "r-old", "failed").trained == 2


def test_the_end_of_another_run_changes_nothing():
    assert finish(running(2), "r-older", "successful") == running(2)


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


class Deliveries(RuleBasedStateMachine):
    """Datasets, wishes, ends of runs: told in any order, any number of times."""

    def __init__(self) -> None:
        super().__init__()
        self.state = TrainingState()
        self.newest = 1
        self.causes: list[Cause] = [new_data(1)]
        self.decided: dict[str, Decision] = {}
        self.starts: list[str] = []
        self.ended: list[str] = []

    @rule()
    def a_batch_comes(self) -> None:
        self.newest += 1
        self.causes.append(new_data(self.newest))

    @rule()
    def a_person_asks(self) -> None:
        self.causes.append(person(str(len(self.causes))))

    @rule(choice=st.integers(min_value=0))
    def a_cause_is_told(self, choice: int) -> None:
        self._weigh(self.causes[choice % len(self.causes)])

    @precondition(lambda self: self.state.running)
    @rule(ending=st.sampled_from(["successful", "failed", "error"]))
    def the_run_ends(self, ending) -> None:
        assert self.state.running
        request_id = self.state.running.request_id
        self.state = finish(self.state, request_id, ending)
        self.ended.append(request_id)

    @precondition(lambda self: self.ended)
    @rule(choice=st.integers(min_value=0))
    def an_end_is_told(self, choice: int) -> None:
        self._weigh_waiting(self.ended[choice % len(self.ended)])

    @invariant()
    def every_run_was_started_by_one_decision(self) -> None:
        assert len(self.starts) == len(set(self.starts))
        under_way = [one for one in self.starts if one not in self.ended]
        assert under_way == ([self.state.running.request_id] if self.state.running else [])

    @invariant()
    def nothing_that_waits_is_served_by_the_run_under_way(self) -> None:
        if self.state.running:
            for cause in self.state.waiting:
                assert (cause.dataset_version or 10**9) > self.state.running.dataset_version

    def teardown(self) -> None:
        """Once everything is told and ended, nothing waits and no dataset was forgotten."""
        for cause in self.causes:
            self._weigh(cause)
        while self.state.running:
            request_id = self.state.running.request_id
            self.state = finish(self.state, request_id, "successful")
            self.ended.append(request_id)
            self._weigh_waiting(request_id)
        for request_id in self.ended:
            self._weigh_waiting(request_id)
        assert self.state.waiting == ()
        assert set(self.decided) >= {cause.key for cause in self.causes}
        started = [d.dataset_version for d in self.decided.values() if d.kind == "start"]
        assert max(started) == self.newest

    def _weigh(self, cause: Cause) -> None:
        if cause.key not in self.decided:
            moment = Moment(now=NOON, request_id=f"r-{len(self.decided)}")
            decision = decide(cause, self.state, self._data(), EAGER, moment)
            self._keep(cause.key, decision, after(self.state, decision))

    def _weigh_waiting(self, request_id: str) -> None:
        key = f"finished-{request_id}"
        if key in self.decided:
            return
        moment = Moment(now=NOON, request_id=f"r-{len(self.decided)}")
        decision = decide_waiting(self.state, self._data(), EAGER, moment)
        if decision:
            self._keep(key, decision, after_waiting(self.state, decision))

    def _data(self) -> TrainingData:
        return data(self.newest)

    def _keep(self, key: str, decision: Decision, state: TrainingState) -> None:
        self.decided[key] = decision
        self.state = state
        if decision.kind == "start" and decision.request_id:
            self.starts.append(decision.request_id)


Deliveries.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestDeliveries = Deliveries.TestCase


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


REPRODUCTION = Plan(purpose="reproduce", dataset_version=2, origin_run_id="0" * 32)


def wish(plan: Plan) -> Cause:
    """Return a person's wish for a run that differs from what model.yaml says."""
    return person().model_copy(update={"plan": plan})


def test_a_plan_is_trained_on_the_dataset_that_it_names():
    decision = decide(wish(REPRODUCTION), TrainingState(trained=3), data(3), EAGER, MOMENT)
    assert (decision.kind, decision.dataset_version) == ("start", 2)
    run = after(TrainingState(trained=3), decision).running
    assert run is not None
    assert run.plan == REPRODUCTION


@pytest.mark.parametrize(
    ("running_plan", "cause", "kind"),
    [
        (Plan(), wish(REPRODUCTION), "wait"),
        (REPRODUCTION, wish(REPRODUCTION), "join"),
        (REPRODUCTION, new_data(2), "wait"),
        (Plan(variant="sweep"), new_data(2), "join"),
        (Plan(variant="sweep"), person(), "wait"),
    ],
)
def test_a_cause_joins_only_a_run_that_gives_what_it_asks_for(running_plan, cause, kind):
    run = Run(request_id="r-old", dataset_version=2, started_at=NOON, plan=running_plan)
    decision = decide(cause, TrainingState(running=run), data(2), EAGER, MOMENT)
    assert decision.kind == kind


def test_a_plan_changes_parameters_but_never_what_the_decision_gives():
    told = request(plan=Plan(parameters={"Hyper-depth": "4"})).parameters
    assert told["Hyper-depth"] == "4"
    assert {"DatasetVersion", "RequestId", "ChampionVersion"} <= told.keys()
    for name in DECIDED:
        with pytest.raises(ValueError, match=f"{name} cannot be chosen"):
            Plan(parameters={name: "1"})
