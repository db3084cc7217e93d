"""The training store takes each decision once, whoever writes beside it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.moto_platform import MODEL, MotoPlatform
from trimtab.aws import keys
from trimtab.aws.table import Stale
from trimtab.aws.training import Trainings
from trimtab.domain.audit import AuditEntry
from trimtab.domain.deciding import settle
from trimtab.domain.retraining import Retraining
from trimtab.domain.training import (
    Cause,
    CauseKind,
    Decision,
    Facts,
    Moment,
    TrainingData,
    TrainingRequest,
    TrainingState,
    finish,
)

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
FACTS = Facts(
    data=TrainingData(
        version=1, rows=1000, new_rows=1000, new_labelled_rows=1000, manifest_uri="s3://b/m"
    )
)


def cause(key: str = "dataset-1") -> Cause:
    """Return a cause that starts a run where none is under way."""
    kind = CauseKind.person if key.startswith("person") else CauseKind.new_data
    return Cause(kind=kind, key=key, actor="request_training", reason="came")


def entry(entry_id: str) -> AuditEntry:
    """Return an audit entry."""
    return AuditEntry(
        id=entry_id, model=MODEL, at=NOON, actor="a", action="b", subject="c", reason="d"
    )


class Writer:
    """One function that decides on a cause, stopped between reading and writing."""

    def __init__(self, platform: MotoPlatform, name: str, key: str = "dataset-1") -> None:
        self.name, self.key = name, key
        self.trainings = Trainings(platform.table)
        self.standing = self.trainings.standing(MODEL)

    def write(self) -> Decision:
        moment = Moment(now=NOON, request_id=self.name)
        settlement = settle(cause(self.key), self.standing.state, FACTS, Retraining(), moment)
        [decision] = settlement.decisions
        self.trainings.decide(
            self.standing,
            settlement,
            trigger=self.key,
            request=request(self.name) if decision.kind == "start" else None,
            entries=[entry(self.name)],
        )
        return decision


def request(request_id: str, **changes: Any) -> TrainingRequest:
    """Return a request for training."""
    told: dict[str, Any] = {
        "request_id": request_id,
        "cause": CauseKind.new_data,
        "actor": "request_training",
        "reason": "came",
        "dataset_version": 1,
        "rows": 1000,
        "manifest_uri": "s3://b/m",
        "champion_version": None,
        "champion_model_uri": None,
        "requested_at": NOON,
    }
    return TrainingRequest(**{**told, **changes})


@pytest.fixture
def trainings(platform) -> Trainings:
    """The store."""
    return Trainings(platform.table)


def test_what_was_decided_is_read_as_it_was_written(platform, trainings):
    decision = Writer(platform, "r-1").write()
    assert trainings.decided(MODEL, "dataset-1") == (decision,)
    assert trainings.request(MODEL, "r-1") == request("r-1")
    state = trainings.standing(MODEL).state
    assert state.running is not None
    assert (state.running.request_id, state.started_at) == ("r-1", NOON)


def test_what_was_never_decided_is_nothing(trainings):
    assert trainings.decided(MODEL, "dataset-1") is None
    assert trainings.request(MODEL, "r-1") is None
    assert trainings.standing(MODEL).state == TrainingState()


@pytest.mark.parametrize("keys_of_both", [("dataset-1", "dataset-1"), ("dataset-1", "person-1")])
def test_of_writers_that_read_the_same_state_one_writes_and_nothing_of_the_other_stays(
    platform, trainings, keys_of_both
):
    writers = [Writer(platform, f"r-{number}", key) for number, key in enumerate(keys_of_both)]
    writers[1].write()
    with pytest.raises(Stale) as lost:
        writers[0].write()
    assert keys.TRAINING in lost.value.lost
    assert trainings.request(MODEL, "r-0") is None
    assert [one.id for one in platform.runtime.audit.entries(MODEL)[0]] == ["r-1"]


def test_a_cause_is_never_decided_twice_even_if_the_state_is_fresh(platform):
    Writer(platform, "r-1").write()
    with pytest.raises(Stale) as lost:
        Writer(platform, "r-2").write()
    assert lost.value.lost == ["CAUSE#dataset-1"]


def test_the_start_is_noted_once_and_never_over_an_end(platform, trainings):
    Writer(platform, "r-1").write()
    trainings.note_started(MODEL, "r-1", "arn-1")
    trainings.note_started(MODEL, "r-1", "arn-2")
    kept = trainings.request(MODEL, "r-1")
    assert (kept.phase, kept.execution_arn) == ("running", "arn-1")
    end(platform, "r-1")
    trainings.note_started(MODEL, "r-1", "arn-3")
    assert trainings.request(MODEL, "r-1").phase == "successful"


def test_a_request_ends_once_and_the_first_end_stands(platform, trainings):
    Writer(platform, "r-1").write()
    first = end(platform, "r-1")
    again = end(platform, "r-1", verdict="another sentence")
    assert again == first
    assert trainings.standing(MODEL).state.running is None
    assert len(platform.runtime.audit.entries(MODEL)[0]) == 2


def test_an_end_on_a_state_that_moved_is_stale(platform, trainings):
    Writer(platform, "r-1").write()
    standing = trainings.standing(MODEL)
    Writer(platform, "r-2", "person-1").write()
    ended = request("r-1", phase="successful", ended_at=NOON)
    with pytest.raises(Stale):
        trainings.finish(standing, finish(standing.state, "r-1", "successful"), ended, entry("e"))
    assert trainings.standing(MODEL).state.running is not None


def test_requests_are_listed_newest_first_in_pages(platform, trainings):
    for number in (1, 2, 3):
        Writer(platform, f"r-{number}", f"person-{number}").write()
        end(platform, f"r-{number}")
    page, token = trainings.requests(MODEL, limit=2)
    rest, last = trainings.requests(MODEL, limit=2, after=token)
    assert [one.request_id for one in [*page, *rest]] == ["r-3", "r-2", "r-1"]
    assert last is None


def end(platform: MotoPlatform, request_id: str, verdict: str = "every step succeeded") -> Any:
    """End a request as record_training does."""
    trainings = Trainings(platform.table)
    standing = trainings.standing(MODEL)
    state = finish(standing.state, request_id, "successful")
    ended = request(
        request_id, phase="successful", execution_arn="arn-1", ended_at=NOON, verdict=verdict
    )
    return trainings.finish(standing, state, ended, entry(f"end-{request_id}"))
