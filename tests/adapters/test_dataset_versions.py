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
from trimtab.aws.table import Stale
from trimtab.domain.anomalies import AnomalyCode
from trimtab.domain.columns import ColumnType
from trimtab.domain.datasets import Arrival, Batch, Closing, Outcome, Receipt, Release
from trimtab.domain.profile import ColumnProfile, Profile
from trimtab.domain.windows import Window
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


def accept(
    world: World, one: Batch, *, client: Any = None, window: Window = flights.ALL
) -> Receipt:
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
    accept(world, batch(1), window=Window(last=2))
    racing = Interrupted(world.s3, before=lambda: accept(world, batch(2), window=Window(last=2)))
    accept(world, batch(3), client=racing, window=Window(last=2))
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
        versions.accept("flights", batch(1), PROFILE, window=flights.ALL, now=NOW)


RELEASE = Release(
    actor="arn:aws:iam::1:user/ann",
    reason="a strike",
    at=NOW,
    report_uri="s3://b/report.json",
    anomalies=(AnomalyCode.above_maximum,),
)


def quarantine(world: World, one: Batch) -> Receipt:
    """Let the object of a batch be quarantined; return its receipt."""
    return world.datasets().record(
        Receipt(
            id=receipt_id(one.arrival),
            model="flights",
            key=one.key,
            version_id=one.version_id,
            outcome=Outcome.quarantined,
            reason="too far",
            at=NOW,
            anomalies=(AnomalyCode.above_maximum,),
        )
    )


def released(number: int) -> Batch:
    return batch(number).model_copy(update={"release": RELEASE})


def reject(world: World, receipt: Receipt) -> None:
    closing = Closing(verdict="rejected", actor="bob", reason="no", at=NOW)
    world.datasets().close(receipt.model_copy(update={"closing": closing}))


def test_a_released_batch_is_accepted_once_and_its_quarantine_is_closed_in_the_same_transaction(
    world,
):
    quarantine(world, batch(1))
    receipt = accept(world, released(1))
    assert (receipt.outcome, receipt.dataset_version) == (Outcome.accepted, 1)
    assert accept(world, released(1)) == receipt
    assert contents(world) == [["v1"]]
    assert world.manifest(1).batches[0].release == RELEASE
    ((listed,), _) = world.datasets().quarantined("flights")
    assert listed.closing is not None
    assert (listed.outcome, listed.closing.verdict) == (Outcome.quarantined, "released")
    assert {entry.action for entry in world.audit()} == {"DatasetReleased", "DatasetQuarantined"}


def test_a_release_that_died_is_finished_by_whoever_comes_next(world):
    quarantine(world, batch(1))
    with pytest.raises(Died):
        accept(world, released(1), client=Interrupted(world.s3, after=die))
    assert accept(world, batch(2)).dataset_version == 2
    assert contents(world) == [["v1"], ["v1", "v2"]]
    assert world.datasets().receipt(batch(1).arrival).closing.verdict == "released"


def test_two_releases_at_once_make_one_version(world):
    quarantine(world, batch(1))
    racing = Interrupted(world.s3, before=lambda: accept(world, released(1)))
    assert accept(world, released(1), client=racing).dataset_version == 1
    assert contents(world) == [["v1"]]


def test_of_a_release_and_a_rejection_at_once_one_stands_and_the_other_sees_it(world):
    receipt = quarantine(world, batch(1))
    racing = Interrupted(world.s3, after=lambda: reject(world, receipt))
    assert accept(world, released(1), client=racing).closing.verdict == "rejected"
    assert world.datasets().latest("flights") is None
    assert accept(world, batch(2)).dataset_version == 1
    assert contents(world) == [["v2"]]
    with pytest.raises(Stale):
        reject(world, receipt)


def test_a_release_of_bytes_that_were_accepted_meanwhile_makes_no_second_version(world):
    quarantine(world, batch(1))
    twin = batch(1, key="incoming/flights/twin.csv")
    accept(world, twin)
    receipt = accept(world, released(1))
    assert (receipt.outcome, receipt.dataset_version) == (Outcome.duplicate, 1)
    assert receipt.closing.verdict == "released"
    assert contents(world) == [["v1"]]
    assert accept(world, released(1)) == receipt


def test_a_duplicate_that_is_rejected_while_it_is_released_stays_rejected(world):
    receipt = quarantine(world, batch(1))
    accept(world, batch(1, key="incoming/flights/twin.csv"))
    datasets = world.datasets()
    version_with = datasets.version_with

    class Slow(type(datasets)):
        def version_with(self, model: str, sha256: str) -> int | None:
            found = version_with(model, sha256)
            reject(world, receipt)
            return found

    slow = Slow(world.runtime().table)
    versions = DatasetVersions(slow, world.s3, BUCKET)
    answer = versions.accept("flights", released(1), PROFILE, window=flights.ALL, now=NOW)
    assert answer.closing.verdict == "rejected"


def test_a_wider_window_brings_back_the_batches_that_a_narrower_one_left_out(world):
    for number in (1, 2, 3):
        accept(world, batch(number), window=Window(last=1))
    accept(world, batch(4))
    assert contents(world) == [["v1"], ["v2"], ["v3"], ["v1", "v2", "v3", "v4"]]


def test_the_profile_of_a_version_is_that_of_its_batches_together(world):
    for number in (1, 2, 3):
        accept(world, batch(number), window=Window(last=2))
    manifest = world.manifest(3)
    assert Profile.model_validate_json(world.read(manifest.profile_uri)).rows == 20
    assert all(world.read(one.profile_uri) for one in manifest.batches)


def test_batches_without_a_common_profile_make_a_version_without_one(world):
    def profile(kind: ColumnType) -> Profile:
        return Profile(rows=10, columns={"gate": ColumnProfile(type=kind, count=10, missing=10)})

    versions = DatasetVersions(world.datasets(), world.s3, BUCKET)
    for number, kind in ((1, ColumnType.string), (2, ColumnType.number)):
        versions.accept("flights", batch(number), profile(kind), window=flights.ALL, now=NOW)
    assert world.manifest(2).profile_uri is None
    versions.accept("flights", batch(3), profile(ColumnType.number), window=Window(last=2), now=NOW)
    assert world.manifest(3).profile_uri
