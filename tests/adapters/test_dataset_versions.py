"""The store of dataset versions: what two writers, a crash and a changed mind leave behind."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from moto import mock_aws

from tests import flights
from tests.intake_world import BUCKET, World
from trimtab.aws import keys
from trimtab.aws.dataset_versions import DatasetVersions
from trimtab.aws.datasets import receipt_id
from trimtab.domain.datasets import Arrival, Batch, Outcome, Receipt
from trimtab.domain.profile import Profile
from trimtab.errors import Conflict, Fault, InvalidInput, NotFound

NOW = datetime(2013, 2, 1, tzinfo=UTC)
PROFILE = Profile(rows=10, columns={})


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        yield World(flights.spec())


def batch(number: int, *, key: str | None = None) -> Batch:
    return Batch(
        key=key or f"incoming/flights/{number}.csv",
        version_id=f"v{number}",
        size=100,
        sha256=f"{number:064x}",
        rows=10,
        format="csv",
    )


class Interrupted:
    """An S3 client before whose first conditional put, or after it, something else happens."""

    def __init__(
        self, client: Any, *, before: Callable[[], object] = int, after: Callable[[], object] = int
    ):
        self._client, self._before, self._after = client, before, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **request: Any) -> Any:
        if "IfNoneMatch" not in request:
            return self._client.put_object(**request)
        before, self._before = self._before, int
        before()
        answer = self._client.put_object(**request)
        after, self._after = self._after, int
        after()
        return answer


def accept(world: World, one: Batch, *, client: Any = None, window: int | None = None) -> Receipt:
    versions = DatasetVersions(world.datasets(), client or world.s3, BUCKET)
    return versions.accept("flights", one, PROFILE, window=window, now=NOW)


def contents(world: World) -> list[list[str]]:
    found, _ = world.datasets().list("flights")
    return [[b.version_id for b in world.manifest(v.version).batches] for v in reversed(found)]


class Died(Exception):
    """The writer ended here."""


def die() -> None:
    raise Died


def test_two_writers_at_once_make_two_versions_and_no_batch_is_lost(world):
    racing = Interrupted(world.s3, before=lambda: accept(world, batch(2)))
    receipt = accept(world, batch(1), client=racing)
    assert receipt.dataset_version == 2
    assert contents(world) == [["v2"], ["v2", "v1"]]


def test_many_writers_that_overtake_each_other_all_get_a_version(world):
    def overtaking(number: int) -> Any:
        if number > 6:
            return world.s3
        return Interrupted(
            world.s3, before=lambda: accept(world, batch(number + 1), client=overtaking(number + 1))
        )

    accept(world, batch(1), client=overtaking(1))
    assert contents(world)[-1] == [f"v{n}" for n in range(7, 0, -1)]


def test_a_writer_that_finds_a_manifest_without_version_finishes_that_acceptance(world):
    with pytest.raises(Died):
        accept(world, batch(1), client=Interrupted(world.s3, after=die))
    assert world.datasets().latest("flights") is None
    assert accept(world, batch(2)).dataset_version == 2
    assert contents(world) == [["v1"], ["v1", "v2"]]
    assert accept(world, batch(1)).dataset_version == 1
    assert {entry.subject for entry in world.audit()} == {"dataset 1", "dataset 2"}


def test_a_writer_that_died_repeats_its_own_acceptance(world):
    with pytest.raises(Died):
        accept(world, batch(1), client=Interrupted(world.s3, after=die))
    assert accept(world, batch(1)).dataset_version == 1
    assert contents(world) == [["v1"]]


def test_a_slow_writer_whose_acceptance_another_finished_finds_it_done(world):
    slow = Interrupted(world.s3, after=lambda: accept(world, batch(2)))
    assert accept(world, batch(1), client=slow).dataset_version == 1
    assert contents(world) == [["v1"], ["v1", "v2"]]


def test_a_claim_whose_object_was_quarantined_meanwhile_is_replaced(world):
    one = batch(1)
    quarantined = Receipt(
        id=receipt_id(one.arrival),
        model="flights",
        key=one.key,
        version_id=one.version_id,
        outcome=Outcome.quarantined,
        reason="the contract was changed",
        at=NOW,
    )
    client = Interrupted(world.s3, after=lambda: world.datasets().record(quarantined))
    assert accept(world, one, client=client).outcome is Outcome.quarantined
    assert world.datasets().latest("flights") is None
    assert accept(world, batch(2)).dataset_version == 1
    assert contents(world) == [["v2"]]


def test_the_same_bytes_under_two_keys_at_once_make_one_version(world):
    twin = batch(1, key="incoming/flights/twin.csv")
    racing = Interrupted(world.s3, before=lambda: accept(world, twin))
    receipt = accept(world, batch(1), client=racing)
    assert (receipt.outcome, receipt.dataset_version) == (Outcome.duplicate, 1)
    assert contents(world) == [["v1"]]


def test_two_deliveries_of_one_event_at_once_make_one_version(world):
    racing = Interrupted(world.s3, before=lambda: accept(world, batch(1)))
    assert accept(world, batch(1), client=racing).outcome is Outcome.accepted
    assert contents(world) == [["v1"]]
    assert len(world.audit()) == 1


def test_a_window_holds_over_racing_writers(world):
    accept(world, batch(1), window=2)
    racing = Interrupted(world.s3, before=lambda: accept(world, batch(2), window=2))
    accept(world, batch(3), client=racing, window=2)
    assert contents(world) == [["v1"], ["v1", "v2"], ["v2", "v3"]]


def test_a_manifest_that_was_overwritten_is_not_built_upon(world):
    accept(world, batch(1))
    text = world.manifest(1).model_dump_json().replace("v1", "v9")
    world.s3.put_object(Bucket=BUCKET, Key=keys.manifest_key("flights", 1), Body=text.encode())
    with pytest.raises(Fault, match="does not hold the batches"):
        accept(world, batch(2))


def test_lists_come_in_pages_newest_first(world):
    for number in range(1, 6):
        accept(world, batch(number))
    datasets = world.datasets()
    first, token = datasets.list("flights", limit=3)
    rest, end = datasets.list("flights", limit=3, after=token)
    assert [v.version for v in first + rest] == [5, 4, 3, 2, 1]
    assert end is None
    with pytest.raises(InvalidInput, match="not a page token"):
        datasets.list("flights", after="AUDIT#1")


def test_a_version_that_is_not_there_is_named(world):
    with pytest.raises(NotFound, match="flights has no dataset version 7"):
        world.datasets().get("flights", 7)


def test_the_first_receipt_of_an_object_stands(world):
    arrival = Arrival(key="incoming/flights/x.csv", version_id="v")
    first = Receipt(
        id=receipt_id(arrival),
        model="flights",
        key=arrival.key,
        version_id="v",
        outcome=Outcome.refused,
        reason="gone",
        at=NOW,
    )
    second = first.model_copy(update={"outcome": Outcome.quarantined, "reason": "bad"})
    datasets = world.datasets()
    assert datasets.record(first) == first
    assert datasets.record(second) == first
    assert datasets.quarantined("flights") == ([], None)


def test_a_writer_that_never_gets_a_version_says_so(world):
    class AlwaysTaken:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.s3, name)

        def put_object(self, **request: Any) -> Any:
            if "IfNoneMatch" in request:
                accept(world, batch(int(datetime.now(UTC).timestamp() * 1e6)))
            return world.s3.put_object(**request)

    versions = DatasetVersions(world.datasets(), cast("Any", AlwaysTaken()), BUCKET, attempts=3)
    with pytest.raises(Conflict, match="found no free dataset version in 3 attempts"):
        versions.accept("flights", batch(1), PROFILE, window=None, now=NOW)
