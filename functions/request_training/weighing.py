"""Loads what a decision needs, takes it once, starts what it decided, and tells; every part may be repeated."""

from collections.abc import Callable

from functions.request_training.facts import champion_of, data_of, newest_data
from functions.request_training.schema import ACTOR
from trimtab.aws.executions import Executions, StartRefused
from trimtab.aws.table import Stale
from trimtab.aws.training import Standing, Trainings
from trimtab.domain.audit import AuditEntry
from trimtab.domain.endings import Outcome
from trimtab.domain.events import Detail, TrainingRequested, TrainingSkipped
from trimtab.domain.finishing import ended, entry_of, told_as
from trimtab.domain.training import (
    Cause,
    Decision,
    Moment,
    TrainingData,
    TrainingRequest,
    TrainingState,
    after,
    after_waiting,
    decide,
    decide_waiting,
    request_id_at,
)
from trimtab.errors import Conflict, OperatorError
from trimtab.observability import logger
from trimtab.runtime import Runtime

ATTEMPTS = (
    8  # each lost race means that another writer got on; eight in a row is not a race any more
)
ACTIONS = {
    "start": "TrainingRequested",
    "wait": "TrainingDeferred",
    "join": "TrainingSkipped",
    "skip": "TrainingSkipped",
}

Judge = Callable[[TrainingState, TrainingData, Moment], tuple[Decision, TrainingState] | None]


class Weighing:
    """Weighs the causes of one model's training."""

    def __init__(self, runtime: Runtime, model: str) -> None:
        self._runtime = runtime
        self._spec = runtime.models.get(model)
        self._model = model
        self._trainings = Trainings(runtime.table)
        self._executions = Executions(runtime.sagemaker, runtime.settings.stage)

    def weigh(self, cause: Cause) -> Decision:
        """Decide on a cause, or find it decided; then see to it that the decision is done and told."""

        def judge(
            state: TrainingState, data: TrainingData, moment: Moment
        ) -> tuple[Decision, TrainingState]:
            decision = decide(cause, state, data, self._spec.retraining, moment)
            return decision, after(state, decision)

        decision = self._once(cause.key, judge)
        if decision is None:
            raise AssertionError("a cause always gets a decision")
        return decision

    def weigh_waiting(self, finished_request_id: str) -> Decision | None:
        """Decide on what waited for a run to end, or find it decided; None if nothing waited."""

        def judge(
            state: TrainingState, data: TrainingData, moment: Moment
        ) -> tuple[Decision, TrainingState] | None:
            decision = decide_waiting(state, data, self._spec.retraining, moment)
            return (decision, after_waiting(state, decision)) if decision else None

        return self._once(f"finished-{finished_request_id}", judge)

    def insist_on_start(self, decision: Decision) -> None:
        """Do nothing if a run serves the decision. Raises OperatorError if SageMaker refused to start it."""
        request = self._kept(decision.request_id) if decision.request_id else None
        if request is not None and _never_started(request):
            raise OperatorError(
                request.verdict or "", hint="deploy the stage again, then ask for training again"
            )

    def _once(self, cause_key: str, judge: Judge) -> Decision | None:
        for _ in range(ATTEMPTS):
            try:
                decision = self._trainings.decision(self._model, cause_key)
                if decision is None:
                    decision = self._take(cause_key, judge)
                self._see_to_it(decision)
            except Stale:
                continue
            return decision
        raise Conflict(
            f"training of {self._model} changed {ATTEMPTS} times while it was decided on",
            hint="ask again",
        )

    def _take(self, cause_key: str, judge: Judge) -> Decision | None:
        standing = self._trainings.standing(self._model)
        data = newest_data(self._runtime, self._model, standing.state)
        now = self._runtime.clock.now()
        moment = Moment(now=now, request_id=request_id_at(now, self._runtime.new_id()))
        judged = judge(standing.state, data, moment)
        if judged is None:
            return None
        decision, state = judged
        self._trainings.decide(
            standing,
            state,
            cause_key=cause_key,
            decision=decision,
            request=self._request(decision, data),
            entry=self._entry(standing, state, decision),
        )
        logger.info(
            "training decision",
            model=self._model,
            cause=cause_key,
            decision=decision.kind,
            request_id=decision.request_id,
            dataset_version=decision.dataset_version,
            reason=decision.reason,
        )
        return decision

    def _see_to_it(self, decision: Decision | None) -> None:
        """Start what was decided but not started, whoever decided it, and tell what was decided."""
        events: dict[str, Detail] = {}
        if settled := self._settle_pending():
            events[settled.request_id] = _of(self._model, settled)
        if decision is not None and decision.kind in ("skip", "join"):
            events[decision.cause.key] = _skipped(self._model, decision)
        if decision is not None and decision.kind == "start" and decision.request_id not in events:
            events["start"] = _of(self._model, self._kept(decision.request_id or ""))
        if events:
            self._runtime.bus.publish(*events.values())

    def _settle_pending(self) -> TrainingRequest | None:
        """Start the run that was decided but is not known to have started; the token keeps it at one.

        A run that SageMaker will never start is ended, so that it does not stand in the way of all others.
        """
        run = self._trainings.standing(self._model).state.running
        request = self._kept(run.request_id) if run else None
        if request is None or request.phase != "pending":
            return None
        try:
            arn = self._executions.start(self._model, request)
        except StartRefused as refusal:
            return self._end(request, f"SageMaker does not start the pipeline: {refusal}")
        self._trainings.note_started(self._model, request.request_id, arn)
        logger.info(
            "training started",
            model=self._model,
            request_id=request.request_id,
            dataset_version=request.dataset_version,
            execution_arn=arn,
        )
        return request.model_copy(update={"phase": "running", "execution_arn": arn})

    def _end(self, request: TrainingRequest, reason: str) -> TrainingRequest:
        outcome = Outcome(ending="error", reason=reason)
        wanted = ended(request, outcome, self._runtime.clock.now())
        entry = entry_of(self._model, request, wanted, id=self._runtime.new_id(), actor=ACTOR)
        logger.error(
            "training not started",
            model=self._model,
            request_id=request.request_id,
            reason=reason,
        )
        return self._trainings.end(self._model, wanted, entry)

    def _kept(self, request_id: str) -> TrainingRequest:
        request = self._trainings.request(self._model, request_id)
        if request is None:
            raise LookupError(f"request {request_id} of {self._model} is not in the table")
        return request

    def _request(self, decision: Decision, data: TrainingData) -> TrainingRequest | None:
        if decision.kind != "start" or decision.request_id is None:
            return None
        plan = decision.cause.plan
        data = data_of(self._runtime, self._model, plan, data)
        champion, model_uri = champion_of(self._runtime, self._model)
        return TrainingRequest(
            request_id=decision.request_id,
            cause=decision.cause.kind,
            actor=decision.cause.actor,
            reason=decision.reason,
            dataset_version=data.version,
            rows=data.rows,
            manifest_uri=data.manifest_uri,
            champion_version=champion,
            champion_model_uri=model_uri,
            requested_at=decision.at,
            plan=plan,
        )

    def _entry(self, standing: Standing, state: TrainingState, decision: Decision) -> AuditEntry:
        before = standing.state.model_dump(mode="json", exclude={"waiting"})
        after_it = state.model_dump(mode="json", exclude={"waiting"})
        return AuditEntry(
            id=self._runtime.new_id(),
            model=self._model,
            at=decision.at,
            actor=decision.cause.actor,
            action=ACTIONS[decision.kind],
            subject=f"training on dataset {decision.dataset_version}",
            before=before,
            after=after_it,
            reason=decision.reason,
        )


def _of(model: str, request: TrainingRequest) -> Detail:
    """The event that tells of a request: of its end, if that is all there ever was of it."""
    return told_as(model, request) if _never_started(request) else _requested(model, request)


def _never_started(request: TrainingRequest) -> bool:
    return request.ended_at is not None and request.execution_arn is None


def _requested(model: str, request: TrainingRequest) -> TrainingRequested:
    return TrainingRequested(
        model=model,
        at=request.requested_at,
        reason=request.reason,
        request_id=request.request_id,
        cause=request.cause.value,
        dataset_version=request.dataset_version,
        execution_arn=request.execution_arn or "",
    )


def _skipped(model: str, decision: Decision) -> TrainingSkipped:
    return TrainingSkipped(
        model=model,
        at=decision.at,
        reason=decision.reason,
        cause=decision.cause.kind.value,
        dataset_version=decision.dataset_version,
    )
