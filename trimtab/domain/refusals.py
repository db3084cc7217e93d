"""Why a cause starts no run although none is under way: the fields of model.yaml's `retraining`, each with its numbers.

| | a person | new data, the schedule | drift, quality |
| --- | --- | --- | --- |
| nothing newer than what was trained, too few rows | served | skipped | nothing newer: waits for data |
| too few labels | served | skipped | waits for labels |
| cool-down | served | waits until it is over | waits until it is over |
| quiet hours, budget | waits, unless by force | waits | waits |

What passes with time is waited for. Of what only new data can change, that is skipped which comes again with the next
data or at the next hour of the schedule, and that waits which is told once: drift and loss of quality.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from trimtab.domain.base import Frozen
from trimtab.domain.retraining import Retraining
from trimtab.domain.spending import overspent
from trimtab.domain.training import (
    Cause,
    CauseKind,
    Decision,
    Facts,
    TrainingData,
    TrainingState,
    WaitsFor,
)

COMES_AGAIN = frozenset({CauseKind.new_data, CauseKind.schedule})
NO_DATA = "there is no dataset version to train on yet"


class Refusal(Frozen):
    """One reason why no run is started now."""

    reason: str
    waits_for: WaitsFor
    policy: str | None = None
    value: float | None = None
    limit: float | None = None
    until: datetime | None = None

    def decides(self, cause: Cause, at: datetime, dataset_version: int | None) -> Decision:
        """Return what becomes of a cause that is refused."""
        lasting = self.waits_for in ("data", "labels")
        skipped = lasting and cause.kind in COMES_AGAIN
        return Decision(
            kind="skip" if skipped else "wait",
            cause=cause,
            reason=self.reason,
            at=at,
            dataset_version=dataset_version,
            policy=self.policy,
            value=self.value,
            limit=self.limit,
            waits_for=None if skipped else self.waits_for,
            until=None if skipped else self.until,
        )


def refusal(
    cause: Cause, state: TrainingState, facts: Facts, policy: Retraining, now: datetime
) -> Refusal | None:
    """Return the first reason why the cause starts no run now, or None. What lasts longest comes first."""
    return next(_refusals(cause, state, facts, policy, now), None)


def _refusals(
    cause: Cause, state: TrainingState, facts: Facts, policy: Retraining, now: datetime
) -> Iterator[Refusal]:
    if facts.data is None:
        yield Refusal(reason=NO_DATA, waits_for="data")
    elif cause.kind is not CauseKind.person:
        yield from _for_lack_of_data(cause, state, facts.data, policy)
        yield from _in_cool_down(state, policy, now)
    if not cause.force:
        yield from _in_quiet_hours(policy, now)
        yield from _over_budget(policy, facts, now)


def _for_lack_of_data(
    cause: Cause, state: TrainingState, data: TrainingData, policy: Retraining
) -> Iterator[Refusal]:
    wanted = cause.dataset_version or data.version
    if wanted <= state.trained:
        holds = f" and holds dataset {wanted}" if wanted < state.trained else ""
        yield Refusal(
            reason=f"dataset {state.trained} was trained already{holds}", waits_for="data"
        )
    # A model that was never trained has no version at all: its first data are always enough.
    if not state.trained:
        return
    if cause.kind in COMES_AGAIN and data.new_rows < policy.minimum_new_rows:
        yield _too_few("new rows", data.new_rows, "minimum_new_rows", policy.minimum_new_rows)
    labels = new_labels(state, data)
    if labels < policy.minimum_new_labels:
        yield _too_few("new labels", labels, "minimum_new_labels", policy.minimum_new_labels)


def new_labels(state: TrainingState, data: TrainingData) -> int:
    """Return what is known since the last training: targets in accepted rows, and labels that came later."""
    return data.new_labelled_rows + max(state.labels - state.labels_trained, 0)


def _too_few(what: str, value: int, field: str, limit: int) -> Refusal:
    line = f"retraining.{field}"
    return Refusal(
        reason=f"{value:,} {what} since the last training < {limit:,} ({line})",
        waits_for="labels" if field == "minimum_new_labels" else "data",
        policy=line,
        value=value,
        limit=limit,
    )


def _in_cool_down(state: TrainingState, policy: Retraining, now: datetime) -> Iterator[Refusal]:
    if state.started_at is None or now >= state.started_at + policy.cool_down:
        return
    passed = int((now - state.started_at) / timedelta(minutes=1))
    yield Refusal(
        reason=f"{passed} min since the last training was started < {policy.cool_down_minutes} min "
        "(retraining.cool_down_minutes)",
        waits_for="cool_down",
        policy="retraining.cool_down_minutes",
        value=passed,
        limit=policy.cool_down_minutes,
        until=state.started_at + policy.cool_down,
    )


def _in_quiet_hours(policy: Retraining, now: datetime) -> Iterator[Refusal]:
    quiet, zone = policy.quiet_hours, policy.zone
    until = quiet.end_of(now, zone) if quiet else None
    if quiet is None or until is None:
        return
    yield Refusal(
        reason=f"{now.astimezone(zone):%H:%M} lies in the quiet hours {quiet.start} to {quiet.end} "
        f"{policy.time_zone} (retraining.quiet_hours)",
        waits_for="quiet_hours",
        policy="retraining.quiet_hours",
        until=until,
    )


def _over_budget(policy: Retraining, facts: Facts, now: datetime) -> Iterator[Refusal]:
    over = overspent(policy.budget, facts.spent, now) if policy.budget else None
    if policy.budget is None or over is None:
        return
    what = over.line.rpartition(".")[2].replace("_", "-")
    yield Refusal(
        reason=f"{over.used:,.4g} {what} in the last {policy.budget.days} days >= {over.limit:,.4g} "
        f"({over.line})",
        waits_for="budget",
        policy=over.line,
        value=over.used,
        limit=over.limit,
        until=over.until,
    )
