"""Loads what a decision needs, takes it once, starts what it decided, and tells; every part may be repeated."""

from collections.abc import Iterator

from functions.request_training.facts import champion_of, data_of, facts_of
from functions.request_training.schema import ACTOR
from functions.request_training.telling import entry_of, of_decision, of_request
from trimtab.aws.executions import Executions, StartRefused
from trimtab.aws.table import Stale
from trimtab.aws.training import Trainings
from trimtab.domain import finishing
from trimtab.domain.deciding import Settlement, settle
from trimtab.domain.endings import Outcome
from trimtab.domain.events import Detail
from trimtab.domain.training import (
    Cause,
    CauseKind,
    Decision,
    Facts,
    Moment,
    TrainingRequest,
    request_id_at,
    told_of_labels,
)
from trimtab.errors import Conflict, OperatorError
from trimtab.observability import logger
from trimtab.runtime import Runtime

ATTEMPTS = (
    8  # each lost race means that another writer got on; eight in a row is not a race any more
)
TOLD_AT_ONCE = 10  # events that the bus takes in one call


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
        decisions = self._once(cause.key, cause)
        return next(one for one in decisions if one.cause.key == cause.key)

    def weigh_waiting(self, trigger: str, *, labels: int = 0) -> tuple[Decision, ...]:
        """Decide on all that wait, now that `trigger` has come, or find it decided; `labels` were collected in all."""
        return self._once(trigger, None, labels)

    def insist_on_start(self, decision: Decision) -> None:
        """Do nothing if a run serves the decision. Raises OperatorError if SageMaker refused to start it."""
        request = self._kept(decision.request_id) if decision.request_id else None
        if request is not None and request.never_started:
            raise OperatorError(
                request.verdict or "", hint="deploy the stage again, then ask for training again"
            )

    def _once(self, trigger: str, cause: Cause | None, labels: int = 0) -> tuple[Decision, ...]:
        for _ in range(ATTEMPTS):
            try:
                decisions = self._trainings.decided(self._model, trigger)
                if decisions is None:
                    decisions = self._take(trigger, cause, labels)
                self._see_to_it(decisions)
            except Stale:
                continue
            return decisions
        raise Conflict(
            f"training of {self._model} changed {ATTEMPTS} times while it was decided on",
            hint="ask again",
        )

    def _take(self, trigger: str, cause: Cause | None, labels: int) -> tuple[Decision, ...]:
        standing, now = self._trainings.standing(self._model), self._runtime.clock.now()
        state, policy = told_of_labels(standing.state, labels), self._spec.retraining
        if cause is None and not state.waiting and state == standing.state:
            return ()
        facts = facts_of(self._runtime, self._model, state, policy, now)
        if cause is not None and cause.kind is CauseKind.person:
            self._insist_on_data(cause, facts)
        moment = Moment(now=now, request_id=request_id_at(now, self._runtime.new_id()))
        settlement = settle(cause, state, facts, policy, moment)
        if settlement.decisions or settlement.state != standing.state:
            self._trainings.decide(
                standing,
                settlement,
                trigger=trigger,
                request=self._request(settlement, facts),
                entries=[
                    entry_of(
                        self._model,
                        standing.state,
                        settlement.state,
                        decision,
                        id=self._runtime.new_id(),
                    )
                    for decision in settlement.decisions
                ],
            )
        for decision in settlement.decisions:
            self._log(trigger, decision)
        return settlement.decisions

    def _insist_on_data(self, wish: Cause, facts: Facts) -> None:
        """Refuse a wish that could never be served, before it waits. Raises Conflict or NotFound."""
        if facts.data is None:
            raise Conflict(
                f"{self._model} has no dataset version yet",
                hint=f"put a file under incoming/{self._model}/",
            )
        data_of(self._runtime, self._model, wish.plan, facts.data)

    def _log(self, trigger: str, decision: Decision) -> None:
        logger.info(
            "training decision",
            model=self._model,
            trigger=trigger,
            cause=decision.cause.key,
            decision=decision.kind,
            request_id=decision.request_id,
            dataset_version=decision.dataset_version,
            policy=decision.policy,
            until=decision.until,
            reason=decision.reason,
        )

    def _see_to_it(self, decisions: tuple[Decision, ...]) -> None:
        """Start what was decided but not started, whoever decided it, and tell what was decided."""
        settled = self._settle_pending()
        told = [of_request(self._model, settled)] if settled else []
        told += self._events(decisions, settled.request_id if settled else None)
        for first in range(0, len(told), TOLD_AT_ONCE):
            self._runtime.bus.publish(*told[first : first + TOLD_AT_ONCE])

    def _events(self, decisions: tuple[Decision, ...], told: str | None) -> Iterator[Detail]:
        """Yield what tells of the decisions, but of the start of a request that is told already."""
        for decision in decisions:
            if decision.kind != "start":
                yield of_decision(self._model, decision)
            elif decision.request_id != told:
                yield of_request(self._model, self._kept(decision.request_id or ""))

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
        wanted = finishing.ended(request, outcome, self._runtime.clock.now())
        entry = finishing.entry_of(
            self._model, request, wanted, id=self._runtime.new_id(), actor=ACTOR
        )
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

    def _request(self, settlement: Settlement, facts: Facts) -> TrainingRequest | None:
        started = [one for one in settlement.decisions if one.kind == "start"]
        if not started or facts.data is None:
            return None
        [decision] = started
        plan = decision.cause.plan
        data = data_of(self._runtime, self._model, plan, facts.data)
        champion, model_uri = champion_of(self._runtime, self._model)
        return TrainingRequest(
            request_id=decision.request_id or "",
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
