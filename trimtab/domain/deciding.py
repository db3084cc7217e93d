"""The one place that decides whether a model is trained: what a new cause and all that wait come to, at one moment.

Whatever wakes the decision (a cause, the end of a run, labels, the passing of time), everything that is open is
weighed again, in the order of what is served first. Of what waits only that is decided anew which waits for
something else now. At most one run is started; the others join it, or wait.
"""

from datetime import datetime
from typing import NamedTuple

from trimtab.domain.refusals import new_labels, refusal
from trimtab.domain.retraining import Retraining
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
)

WAITING_MOST = (
    20  # wishes of people; with all that can be said of each, far under what an item holds
)


class Settlement(NamedTuple):
    """What was decided, and the state after it."""

    decisions: tuple[Decision, ...]  # one for each cause whose standing changed
    state: TrainingState


def settle(
    cause: Cause | None, state: TrainingState, facts: Facts, policy: Retraining, moment: Moment
) -> Settlement:
    """Decide on a new cause, if there is one, and on all that wait."""
    waited = {one.cause.key: one for one in state.waiting}
    is_full = _persons(state) >= WAITING_MOST
    open_causes = [one.cause for one in state.waiting] + ([cause] if cause else [])
    state = state.model_copy(update={"waiting": ()})
    decisions = []
    for one in sorted(open_causes, key=_rank):
        decision, before = decide(one, state, facts, policy, moment), waited.get(one.key)
        if before is not None and _same(before, decision):
            state = state.model_copy(update={"waiting": (*state.waiting, before)})
            continue
        if before is None and is_full and one.kind is CauseKind.person:
            decision = _kept_no_more(decision)
        decisions.append(decision)
        state = _after(state, decision, before)
    return Settlement(tuple(decisions), state)


def decide(
    cause: Cause, state: TrainingState, facts: Facts, policy: Retraining, moment: Moment
) -> Decision:
    """Say what becomes of one cause. A person's wish is served whatever the policy says of data and cool-down."""
    version = cause.plan.dataset_version or (facts.data.version if facts.data else None)
    told = _beside_others(cause, state, version, moment)
    if told is not None:
        return told
    refused = refusal(cause, state, facts, policy, moment.now)
    if refused is not None:
        return refused.decides(cause, moment.now, version)
    return Decision(
        kind="start",
        cause=cause,
        reason=_why(cause, state, facts, policy, moment.now),
        at=moment.now,
        dataset_version=version,
        request_id=moment.request_id,
    )


def _rank(cause: Cause) -> tuple[bool, int]:
    return (not cause.force, list(CauseKind).index(cause.kind))


def _persons(state: TrainingState) -> int:
    return sum(one.cause.kind is CauseKind.person for one in state.waiting)


def _kept_no_more(decision: Decision) -> Decision:
    """A wish that would have to wait is not kept where too many wait."""
    if decision.kind != "wait":
        return decision
    reason = f"{WAITING_MOST} wishes wait already, and more are not kept: {decision.reason}"
    return decision.model_copy(
        update={"kind": "skip", "reason": reason, "waits_for": None, "until": None}
    )


def _same(before: Waiting, decision: Decision) -> bool:
    """Whether a cause waits on for what it waited for."""
    told = (decision.kind, decision.waits_for, decision.until, decision.request_id)
    return told == ("wait", before.waits_for, before.until, before.request_id)


def _beside_others(
    cause: Cause, state: TrainingState, version: int | None, moment: Moment
) -> Decision | None:
    """Return what becomes of a cause beside a run under way and causes that wait; None if it stands alone."""
    run, now = state.running, moment.now
    if run is not None and run.serves(cause, version or 0):
        reason = f"request {run.request_id} already trains dataset {run.dataset_version}"
        return _joined(cause, reason, now=moment, version=version, request_id=run.request_id)
    twin = _twin(cause, state)
    if twin is not None:
        reason = f"decided together with {twin.cause.key}, which waits: {twin.reason}"
        return _joined(cause, reason, now=moment, version=version, request_id=None)
    if run is None:
        return None
    wanted = cause.plan.dataset_version or cause.dataset_version or version
    return Decision(
        kind="wait",
        cause=cause,
        reason=f"request {run.request_id} is under way on dataset {run.dataset_version}; "
        f"dataset {wanted} is weighed when it ends",
        at=now,
        dataset_version=version,
        request_id=run.request_id,
        waits_for="run",
    )


def _joined(
    cause: Cause, reason: str, *, now: Moment, version: int | None, request_id: str | None
) -> Decision:
    return Decision(
        kind="join",
        cause=cause,
        reason=reason,
        at=now.now,
        dataset_version=version,
        request_id=request_id,
    )


def _twin(cause: Cause, state: TrainingState) -> Waiting | None:
    """The waiting cause that asks for the very same."""
    for one in state.waiting:
        asks = (one.cause.kind, one.cause.plan, one.cause.force)
        if asks == (cause.kind, cause.plan, cause.force):
            return one
    return None


def _after(state: TrainingState, decision: Decision, before: Waiting | None) -> TrainingState:
    """Return the state once the decision on a cause is taken."""
    match decision.kind:
        case "start":
            return _running(state, decision)
        case "wait":
            return state.model_copy(update={"waiting": (*state.waiting, _kept(decision, before))})
        case "join" if decision.request_id is None:
            return state.model_copy(update={"waiting": _joined_by(decision.cause, state)})
        case _:
            return state


def _running(state: TrainingState, decision: Decision) -> TrainingState:
    assert decision.request_id is not None
    assert decision.dataset_version is not None
    run = Run(
        request_id=decision.request_id,
        dataset_version=decision.dataset_version,
        started_at=decision.at,
        plan=decision.cause.plan,
        labels=state.labels,
    )
    started_at = run.started_at if run.plan.renews else state.started_at
    return state.model_copy(update={"running": run, "started_at": started_at})


def _kept(decision: Decision, before: Waiting | None) -> Waiting:
    assert decision.waits_for is not None
    return Waiting(
        cause=decision.cause,
        since=before.since if before else decision.at,
        waits_for=decision.waits_for,
        until=decision.until,
        request_id=decision.request_id,
        reason=decision.reason,
    )


def _joined_by(cause: Cause, state: TrainingState) -> tuple[Waiting, ...]:
    """What waits once `cause` is decided together with its twin: new data of both count."""
    twin = _twin(cause, state)
    return tuple(
        one.model_copy(update={"cause": _with_data_of(one.cause, cause)}) if one is twin else one
        for one in state.waiting
    )


def _with_data_of(kept: Cause, joined: Cause) -> Cause:
    newest = max(kept.dataset_version or 0, joined.dataset_version or 0)
    return kept.model_copy(update={"dataset_version": newest or None})


def _why(
    cause: Cause, state: TrainingState, facts: Facts, policy: Retraining, now: datetime
) -> str:
    """The sentence of a start."""
    if cause.kind is CauseKind.person:
        plainly = cause.model_copy(update={"force": False})
        against = refusal(plainly, state, facts, policy, now) if cause.force else None
        return f"{cause.reason} (by force, although {against.reason})" if against else cause.reason
    assert facts.data is not None  # without data nothing starts
    enough = _enough(state, facts.data, policy)
    return enough if cause.kind is CauseKind.new_data else f"{cause.reason}; {enough}"


def _enough(state: TrainingState, data: TrainingData, policy: Retraining) -> str:
    if not state.trained:
        return f"the first training, on all {data.rows:,} rows of dataset {data.version}"
    told = f"dataset {data.version} has {data.new_rows:,} new rows"
    if least := policy.minimum_new_rows:
        sign = ">=" if data.new_rows >= least else "<"
        told += f" {sign} {least:,} (retraining.minimum_new_rows)"
    if least := policy.minimum_new_labels:
        told += (
            f", {new_labels(state, data):,} new labels >= {least:,} (retraining.minimum_new_labels)"
        )
    return told
