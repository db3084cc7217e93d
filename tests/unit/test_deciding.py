"""The decision to train: one run at a time, one outcome per cause, each with its numbers, nothing lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from trimtab.domain.deciding import WAITING_MOST, settle
from trimtab.domain.plans import Plan
from trimtab.domain.retraining import Budget, QuietHours, Retraining
from trimtab.domain.spending import Spent
from trimtab.domain.training import (
    Cause,
    CauseKind,
    Decision,
    Facts,
    Moment,
    Run,
    TrainingData,
    TrainingState,
    Waiting,
    finish,
    told_of_labels,
)

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
EAGER = Retraining()
AFTERNOON = QuietHours(start="10:00", end="18:00")
REPRODUCTION = Plan(purpose="reproduce", dataset_version=2, origin_run_id="0" * 32)


def cause(kind: CauseKind, key: str = "1", **told: Any) -> Cause:
    """Return a cause of some kind."""
    return Cause(kind=kind, key=f"{kind}-{key}", actor="a", reason=f"the {kind} {key}", **told)


def new_data(version: int) -> Cause:
    """Return the cause that dataset `version` is."""
    return cause(CauseKind.new_data, str(version), dataset_version=version)


def person(key: str = "1", **told: Any) -> Cause:
    """Return the cause that a person's wish is."""
    return cause(CauseKind.person, key, **told)


DRIFT, QUALITY = cause(CauseKind.drift), cause(CauseKind.quality)
SCHEDULE = cause(CauseKind.schedule)


def facts(version: int = 2, new_rows: int = 1000, **told: Any) -> Facts:
    """Return the newest dataset version and what is new in it."""
    spent = told.pop("spent", ())
    data = {"rows": 5000, "new_labelled_rows": new_rows, "manifest_uri": "s3://b/m", **told}
    return Facts(data=TrainingData(version=version, new_rows=new_rows, **data), spent=spent)


def settled(
    one: Cause | None,
    state: TrainingState,
    known: Facts,
    policy: Retraining = EAGER,
    at: datetime = NOON,
) -> tuple[list[Decision], TrainingState]:
    """Return what is decided and the state after it."""
    decisions, after = settle(one, state, known, policy, Moment(now=at, request_id="r-new"))
    return list(decisions), after


def decided(*given: Any) -> Decision:
    """Return the only decision."""
    [decision], _ = settled(*given)
    return decision


def running(version: int, plan: Plan | None = None) -> TrainingState:
    """Return the state while a run on dataset `version` is under way."""
    run = Run(request_id="r-old", dataset_version=version, started_at=NOON, plan=plan or Plan())
    return TrainingState(running=run, started_at=NOON)


TRAINED = TrainingState(trained=1, started_at=NOON - timedelta(minutes=59))


def test_new_data_start_a_run_on_the_newest_dataset_version():
    decision = decided(new_data(2), TRAINED, facts(3))
    assert (decision.kind, decision.dataset_version, decision.request_id) == ("start", 3, "r-new")
    assert decision.reason == "dataset 3 has 1,000 new rows"


@pytest.mark.parametrize("kind", list(CauseKind))
def test_the_first_data_of_a_model_are_enough_however_few(kind):
    policy = Retraining(minimum_new_rows=10**6, minimum_new_labels=10**6)
    decision = decided(cause(kind), TrainingState(), facts(1, 10), policy)
    assert decision.kind == "start"
    if kind is not CauseKind.person:
        assert "the first training, on all 5,000 rows of dataset 1" in decision.reason


@pytest.mark.parametrize("one", [new_data(2), SCHEDULE])
def test_too_few_new_rows_are_no_reason_and_the_sentence_says_how_few(one):
    policy = Retraining(minimum_new_rows=5000)
    decision = decided(one, TRAINED, facts(2, 1200), policy)
    assert (decision.kind, decision.request_id, decision.until) == ("skip", None, None)
    assert decision.reason == (
        "1,200 new rows since the last training < 5,000 (retraining.minimum_new_rows)"
    )
    assert (decision.policy, decision.value, decision.limit) == (
        "retraining.minimum_new_rows",
        1200,
        5000,
    )
    assert decided(one, TRAINED, facts(2, 5000), policy).kind == "start"


@pytest.mark.parametrize("one", [DRIFT, QUALITY])
def test_drift_and_loss_of_quality_are_reason_enough_for_fewer_rows(one):
    decision = decided(one, TRAINED, facts(2, 1200), Retraining(minimum_new_rows=5000))
    assert decision.kind == "start"
    assert decision.reason == (
        f"{one.reason}; dataset 2 has 1,200 new rows < 5,000 (retraining.minimum_new_rows)"
    )


@pytest.mark.parametrize(
    ("one", "kind"), [(new_data(2), "skip"), (SCHEDULE, "skip"), (DRIFT, "wait"), (QUALITY, "wait")]
)
def test_without_new_labels_training_is_pointless_and_what_is_told_once_waits_for_them(one, kind):
    policy = Retraining(minimum_new_labels=100)
    state = TRAINED.model_copy(update={"labels": 80, "labels_trained": 20})
    decisions, after = settled(one, state, facts(2, new_labelled_rows=39), policy)
    assert decisions[0].kind == kind
    assert decisions[0].reason == (
        "99 new labels since the last training < 100 (retraining.minimum_new_labels)"
    )
    if kind == "wait":
        assert (decisions[0].waits_for, decisions[0].until) == ("labels", None)
        told = told_of_labels(after, 81)
        [start], _ = settled(None, told, facts(2, new_labelled_rows=39), policy)
        assert (start.kind, start.cause) == ("start", one)
        assert start.reason.endswith("100 new labels >= 100 (retraining.minimum_new_labels)")


@pytest.mark.parametrize("one", [new_data(2), SCHEDULE, DRIFT, QUALITY])
def test_what_comes_in_the_cool_down_is_decided_when_it_is_over(one):
    policy = Retraining(cool_down_minutes=60)
    decisions, state = settled(one, TRAINED, facts(), policy)
    over = NOON + timedelta(minutes=1)
    assert (decisions[0].kind, decisions[0].until) == ("wait", over)
    assert "59 min since the last training was started < 60 min" in decisions[0].reason
    assert settled(None, state, facts(), policy, over - timedelta(seconds=1)) == ([], state)
    [start], after = settled(None, state, facts(), policy, over)
    assert (start.kind, start.cause, after.waiting) == ("start", one, ())


@pytest.mark.parametrize("one", [new_data(2), SCHEDULE, DRIFT, QUALITY, person()])
def test_nothing_starts_in_quiet_hours_but_everything_waits_for_their_end(one):
    policy = Retraining(quiet_hours=AFTERNOON)
    decisions, state = settled(one, TRAINED, facts(), policy)
    over = NOON.replace(hour=18)
    assert (decisions[0].kind, decisions[0].until) == ("wait", over)
    assert decisions[0].reason == (
        "12:00 lies in the quiet hours 10:00 to 18:00 UTC (retraining.quiet_hours)"
    )
    assert settled(None, state, facts(), policy, over)[0][0].kind == "start"


@pytest.mark.parametrize("one", [new_data(2), SCHEDULE, DRIFT, QUALITY, person()])
def test_nothing_starts_over_the_budget_until_it_is_free_again(one):
    policy = Retraining(budget=Budget(days=7, runs=1))
    spent = (Spent(at=NOON - timedelta(days=6), instance_hours=0.5),)
    decision = decided(one, TRAINED, facts(spent=spent), policy)
    assert (decision.kind, decision.until) == ("wait", NOON + timedelta(days=1))
    assert decision.reason == "1 runs in the last 7 days >= 1 (retraining.budget.runs)"
    assert decided(one, TRAINED, facts(), policy).kind == "start"


def test_a_person_is_served_in_spite_of_minimums_and_cool_down():
    policy = Retraining(minimum_new_rows=10**6, minimum_new_labels=10**6, cool_down_minutes=60)
    decision = decided(person(), TrainingState(trained=2, started_at=NOON), facts(2, 0), policy)
    assert (decision.kind, decision.reason) == ("start", "the person 1")


def test_a_person_who_insists_is_served_and_the_reason_says_what_stood_against_it():
    policy = Retraining(quiet_hours=AFTERNOON, budget=Budget(runs=1))
    decision = decided(person(force=True), TRAINED, facts(), policy)
    assert decision.kind == "start"
    assert decision.reason == (
        "the person 1 (by force, although 12:00 lies in the quiet hours 10:00 to 18:00 UTC "
        "(retraining.quiet_hours))"
    )
    assert decided(person(force=True), TRAINED, facts(), EAGER).reason == "the person 1"


def test_even_who_insists_waits_for_the_run_under_way():
    assert decided(person(force=True), running(1), facts(2)).kind == "wait"


def test_a_dataset_that_was_trained_already_is_no_reason():
    decision = decided(new_data(2), TrainingState(trained=3), facts(3))
    assert decision.kind == "skip"
    assert decision.reason == "dataset 3 was trained already and holds dataset 2"
    assert decided(SCHEDULE, TrainingState(trained=3), facts(3)).kind == "skip"


def test_drift_of_which_nothing_newer_can_be_learnt_waits_for_data_and_they_start_it():
    decisions, state = settled(DRIFT, TrainingState(trained=3), facts(3))
    assert (decisions[0].kind, decisions[0].waits_for) == ("wait", "data")
    start, join = settled(new_data(4), state, facts(4))[0]
    assert (start.kind, start.cause, start.dataset_version) == ("start", DRIFT, 4)
    assert (join.kind, join.cause, join.request_id) == ("join", new_data(4), "r-new")


@pytest.mark.parametrize(
    ("one", "kind"), [(SCHEDULE, "skip"), (DRIFT, "wait"), (person(force=True), "wait")]
)
def test_without_any_data_nothing_starts(one, kind):
    decision = decided(one, TrainingState(), Facts(data=None))
    assert (decision.kind, decision.dataset_version) == (kind, None)
    assert decision.reason == "there is no dataset version to train on yet"


@pytest.mark.parametrize("one", [new_data(2), new_data(1), person(), DRIFT, SCHEDULE])
def test_a_cause_that_the_run_under_way_serves_joins_it(one):
    [decision], after = settled(one, running(2), facts(2))
    assert (decision.kind, decision.request_id) == ("join", "r-old")
    assert decision.reason == "request r-old already trains dataset 2"
    assert after == running(2)


@pytest.mark.parametrize("one", [new_data(3), person(), DRIFT, QUALITY, SCHEDULE])
def test_a_cause_that_the_run_under_way_does_not_serve_waits_for_its_end(one):
    [decision], after = settled(one, running(2), facts(3))
    assert (decision.kind, decision.waits_for, decision.until) == ("wait", "run", None)
    assert "r-old is under way on dataset 2; dataset 3 is weighed when it ends" in decision.reason
    assert [waiting.cause for waiting in after.waiting] == [one]


def test_a_plan_is_trained_on_the_dataset_that_it_names_and_is_no_retraining():
    wish = person(plan=REPRODUCTION)
    state = TRAINED.model_copy(update={"trained": 3})
    [decision], after = settled(wish, state, facts(3))
    assert (decision.kind, decision.dataset_version) == ("start", 2)
    assert after.running is not None
    assert (after.running.plan, after.started_at) == (REPRODUCTION, TRAINED.started_at)


@pytest.mark.parametrize(
    ("plan", "one", "kind"),
    [
        (Plan(), person(plan=REPRODUCTION), "wait"),
        (REPRODUCTION, person(plan=REPRODUCTION), "join"),
        (REPRODUCTION, new_data(2), "wait"),
        (Plan(variant="sweep"), new_data(2), "join"),
        (Plan(variant="sweep"), person(), "wait"),
    ],
)
def test_a_cause_joins_only_a_run_that_gives_what_it_asks_for(plan, one, kind):
    assert decided(one, running(2, plan), facts(2)).kind == kind


def test_a_cause_joins_one_that_waits_if_it_asks_for_the_same():
    _, state = settled(new_data(3), running(2), facts(3))
    [joined], state = settled(new_data(4), state, facts(4))
    assert (joined.kind, joined.request_id) == ("join", None)
    assert joined.reason.startswith("decided together with new_data-3, which waits: request r-old")
    [waiting] = state.waiting
    assert (waiting.cause.key, waiting.cause.dataset_version) == ("new_data-3", 4)
    [wish], state = settled(person(), state, facts(4))
    assert wish.kind == "wait"
    [other], state = settled(person("2", plan=REPRODUCTION), state, facts(4))
    assert other.kind == "wait"
    [same], state = settled(person("3"), state, facts(4))
    assert same.kind == "join"
    [drift], state = settled(DRIFT, state, facts(4))
    [again], state = settled(cause(CauseKind.drift, "2"), state, facts(4))
    assert (drift.kind, again.kind) == ("wait", "join")
    assert state.waiting[-2].cause.dataset_version is None  # drift names no dataset


def test_of_all_that_waited_one_starts_and_each_gets_its_own_outcome():
    state = running(1)
    wishes = [person("1"), person("2", plan=Plan(variant="sweep")), person("3", force=True)]
    for one in (SCHEDULE, new_data(2), DRIFT, *wishes, QUALITY):
        _, state = settled(one, state, facts(2))
    ended = finish(state, "r-old", "successful")
    decisions, after = settled(None, ended, facts(2))
    assert [(d.cause.key, d.kind) for d in decisions] == [
        ("person-3", "start"),
        ("person-1", "join"),
        ("person-2", "wait"),
        ("quality-1", "join"),
        ("drift-1", "join"),
        ("new_data-2", "join"),
        ("schedule-1", "join"),
    ]
    assert [one.cause.key for one in after.waiting] == ["person-2"]
    assert after.waiting[0].since == NOON


def test_nothing_is_decided_if_nothing_waits_or_it_waits_on():
    assert settled(None, TrainingState(), facts()) == ([], TrainingState())
    _, state = settled(new_data(3), running(2), facts(3))
    assert settled(None, state, facts(3)) == ([], state)


def test_what_waits_for_something_else_now_is_told_so():
    _, state = settled(DRIFT, running(1), facts(2))
    policy = Retraining(quiet_hours=AFTERNOON)
    ended = finish(state, "r-old", "successful")
    [told], after = settled(None, ended, facts(2), policy)
    assert (told.kind, told.waits_for) == ("wait", "quiet_hours")
    assert after.waiting[0].waits_for == "quiet_hours"


def test_so_many_wishes_wait_and_no_more_but_no_other_cause_is_turned_away():
    state = running(1)
    for number in range(WAITING_MOST):
        wish = person(str(number), plan=Plan(parameters={"Hyper-depth": str(number)}))
        _, state = settled(wish, state, facts(2))
    [refused], after = settled(person("last", force=True), state, facts(2))
    assert (refused.kind, refused.waits_for) == ("skip", None)
    assert refused.reason.startswith("20 wishes wait already, and more are not kept: request")
    assert after == state
    assert decided(DRIFT, state, facts(2)).kind == "wait"
    full = state.model_copy(update={"running": None})
    assert settled(person("last", force=True), full, facts(2))[0][0].kind == "start"


KINDS = st.sampled_from([CauseKind.person, CauseKind.quality, CauseKind.drift, CauseKind.schedule])
POLICY = Retraining(
    minimum_new_rows=1500,
    minimum_new_labels=500,
    cool_down_minutes=90,
    quiet_hours=QuietHours(start="22:00", end="06:00"),
    budget=Budget(days=1, runs=5),
)


def _lasts(waiting: Waiting) -> bool:
    """Whether only new data or labels can help what waits, which nobody promised."""
    kinds = (CauseKind.drift, CauseKind.quality)
    return waiting.cause.kind in kinds and waiting.waits_for in ("data", "labels")


class Deliveries(RuleBasedStateMachine):
    """Causes of all kinds, labels, ends of runs and the clock, told in any order and any number of times."""

    def __init__(self) -> None:
        super().__init__()
        self.state = TrainingState()
        self.now = NOON
        self.newest = 1
        self.labels = 0
        self.causes: list[Cause] = [new_data(1)]
        self.decided: dict[str, Decision] = {}  # by cause, the last
        self.spent: list[Spent] = []
        self.runs: dict[str, str] = {}  # request → ending

    @rule()
    def a_batch_comes(self) -> None:
        self.newest += 1
        self.causes.append(new_data(self.newest))

    @rule(kind=KINDS, forced=st.booleans(), plan=st.sampled_from([Plan(), REPRODUCTION]))
    def something_happens(self, kind: CauseKind, forced: bool, plan: Plan) -> None:
        wish = {"force": forced, "plan": plan} if kind is CauseKind.person else {}
        named = plan.dataset_version or 0
        if not wish or named <= self.newest:
            self.causes.append(cause(kind, str(len(self.causes)), **wish))

    @rule(choice=st.integers(min_value=0))
    def a_cause_is_told(self, choice: int) -> None:
        one = self.causes[choice % len(self.causes)]
        if one.key not in self.decided:
            self._settle(one)
            assert one.key in self.decided

    @rule(total=st.integers(0, 2000))
    def labels_come(self, total: int) -> None:
        self.state = told_of_labels(self.state, total)
        self._settle(None)

    @rule(minutes=st.integers(1, 600))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def the_clock_ticks(self) -> None:
        self._settle(None)

    @precondition(lambda self: self.state.running)
    @rule(ending=st.sampled_from(["successful", "failed", "error"]))
    def the_run_ends(self, ending) -> None:
        assert self.state.running
        request_id = self.state.running.request_id
        self.runs[request_id] = ending
        self.state = finish(self.state, request_id, ending)

    @invariant()
    def one_run_is_under_way_at_most(self) -> None:
        open_runs = [one for one, ending in self.runs.items() if ending == "under way"]
        assert open_runs == ([self.state.running.request_id] if self.state.running else [])

    @invariant()
    def every_cause_that_was_told_is_accounted_for(self) -> None:
        waiting = {one.cause.key for one in self.state.waiting}
        assert waiting == {key for key, one in self.decided.items() if one.kind == "wait"}
        for one in self.decided.values():
            assert one.reason
            if one.kind in ("start", "join") and one.request_id:
                assert one.request_id in self.runs

    @invariant()
    def nothing_that_waits_is_served_by_the_run_under_way(self) -> None:
        if run := self.state.running:
            assert not any(run.serves(one.cause, self.newest) for one in self.state.waiting)

    def teardown(self) -> None:
        """Once all is told, runs end and time passes, nothing waits but what no training could help."""
        for one in self.causes:
            if one.key not in self.decided:
                self._settle(one)
        for _ in range(
            9 * len(self.causes) + 9
        ):  # three times a day, so never always in quiet hours
            if self.state.running:
                self.the_run_ends("successful")
            self.now += timedelta(hours=8)
            self._settle(None)
            if self.state.running is None and all(map(_lasts, self.state.waiting)):
                return
        raise AssertionError(f"{self.state} waits for ever")

    def _settle(self, one: Cause | None) -> None:
        new = max(self.newest - self.state.trained, 0) * 1000
        known = facts(self.newest, new, new_labelled_rows=0, spent=tuple(self.spent))
        moment = Moment(now=self.now, request_id=f"r-{len(self.runs)}")
        decisions, self.state = settle(one, self.state, known, POLICY, moment)
        starts = [decision for decision in decisions if decision.kind == "start"]
        assert len(starts) <= 1
        for decision in decisions:
            self.decided[decision.cause.key] = decision
        for decision in starts:
            assert decision.request_id == moment.request_id
            self.runs[moment.request_id] = "under way"
            self.spent.append(Spent(at=self.now, instance_hours=1.0))


Deliveries.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestDeliveries = Deliveries.TestCase
