"""Training state, requests and what causes came to; what is decided is written with its audit entries, in one piece."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Create, Record, Replace, Stale, Table, Write, replace_or_create
from trimtab.domain.audit import AuditEntry
from trimtab.domain.deciding import Settlement
from trimtab.domain.training import (
    Decision,
    TrainingRequest,
    TrainingState,
    finish,
    request_id_at,
)
from trimtab.errors import Fault

ATTEMPTS = 8  # each lost race means that another writer got on


@dataclass(frozen=True)
class Standing:
    """A model's training state as it was read, to believe in when it is changed."""

    model: str
    record: Record | None
    state: TrainingState

    def becomes(self, state: TrainingState) -> Write:
        """The write that changes the state if nobody has changed it since."""
        body = state.model_dump(mode="json")
        return replace_or_create(self.record, keys.model(self.model), keys.TRAINING, body)


class Trainings:
    """Reads and changes what is known of a model's training."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def standing(self, model: str) -> Standing:
        """Return the model's training state as it is now."""
        record = self._table.read(keys.model(model), keys.TRAINING)
        if record is None:
            return Standing(model, None, TrainingState())
        return Standing(model, record, TrainingState.model_validate(record.body, strict=False))

    def decided(self, model: str, trigger: str) -> tuple[Decision, ...] | None:
        """Return what was decided when this came (a cause, a run's end, a tick), or None if it was not seen yet."""
        record = self._table.read(keys.model(model), keys.cause(trigger))
        if record is None:
            return None
        return tuple(Decision.model_validate(d, strict=False) for d in record.body["decisions"])

    def request(self, model: str, request_id: str) -> TrainingRequest | None:
        """Return one training request."""
        record = self._table.read(keys.model(model), keys.request(request_id))
        return None if record is None else _request(record)

    def requests(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[TrainingRequest], str | None]:
        """Return a page of the model's requests, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.REQUEST, newest_first=True, limit=limit, after=after
        )
        return [_request(record) for record in records], token

    def requests_since(self, model: str, since: datetime) -> list[TrainingRequest]:
        """Return all requests that were made after a time, newest first."""
        found: list[TrainingRequest] = []
        token: str | None = None
        between = keys.request(request_id_at(since, "")), keys.REQUEST + keys.LAST
        while True:
            records, token = self._table.records(
                keys.model(model), newest_first=True, after=token, between=between
            )
            found += [one for one in map(_request, records) if one.requested_at > since]
            if token is None:
                return found

    def decide(
        self,
        standing: Standing,
        settlement: Settlement,
        *,
        trigger: str,
        request: TrainingRequest | None,
        entries: Sequence[AuditEntry],
    ) -> None:
        """Take what was decided when `trigger` came, once. Raises Stale if that or the state changed meanwhile."""
        pk = keys.model(standing.model)
        writes: list[Write] = [standing.becomes(settlement.state)]
        if settlement.decisions:
            told = [decision.model_dump(mode="json") for decision in settlement.decisions]
            writes.append(Create(pk, keys.cause(trigger), {"decisions": told}))
        if request is not None:
            body = request.model_dump(mode="json")
            writes.append(Create(pk, keys.request(request.request_id), body))
        self._table.commit(*writes, *map(entry_write, entries))

    def note_started(self, model: str, request_id: str, execution_arn: str) -> None:
        """Keep which execution serves the request. Raises Stale if the request changed meanwhile."""
        record = self._table.read(keys.model(model), keys.request(request_id))
        if record is None or record.body["phase"] != "pending":
            return
        started = {"phase": "running", "execution_arn": execution_arn}
        self._table.commit(Replace(record, record.body | started))

    def note_used(self, model: str, request_id: str, instance_hours: float) -> None:
        """Keep what the run of a request has used, once. Raises Stale if the request changed meanwhile."""
        record = self._table.read(keys.model(model), keys.request(request_id))
        if record is None or record.body.get("instance_hours") is not None:
            return
        self._table.commit(Replace(record, record.body | {"instance_hours": instance_hours}))

    def end(self, model: str, ended: TrainingRequest, entry: AuditEntry) -> TrainingRequest:
        """End a request once, whoever else writes meanwhile, and return it as it is kept."""
        for _ in range(ATTEMPTS):
            standing = self.standing(model)
            state = finish(standing.state, ended.request_id, ended.ending or "error")
            try:
                return self.finish(standing, state, ended, entry)
            except Stale:
                continue
        raise Fault(f"request {ended.request_id} of {model} changed {ATTEMPTS} times as it ended")

    def finish(
        self, standing: Standing, state: TrainingState, ended: TrainingRequest, entry: AuditEntry
    ) -> TrainingRequest:
        """End a request once, and return it as it is kept. Raises Stale if anything changed meanwhile."""
        record = self._table.read(keys.model(standing.model), keys.request(ended.request_id))
        if record is None:
            raise LookupError(f"request {ended.request_id} of {standing.model} is not in the table")
        kept = _request(record)
        if kept.ended_at is not None:
            return kept
        self._table.commit(
            standing.becomes(state),
            Replace(record, ended.model_dump(mode="json")),
            entry_write(entry),
        )
        return ended


def _request(record: Record) -> TrainingRequest:
    return TrainingRequest.model_validate(record.body, strict=False)
