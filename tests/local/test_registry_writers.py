"""Many writers of one registered model at once, on a DynamoDB that other processes and threads share."""

import itertools
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from local.cloud import LocalCloud
from trimtab.aws.audit import AuditTrail
from trimtab.aws.beliefs import Beliefs
from trimtab.aws.registry.registry import Registry
from trimtab.aws.table import Table
from trimtab.domain.registry.hands import Hand
from trimtab.domain.registry.models import RegisteredModel
from trimtab.domain.versions import ModelVersion, VersionStatus

MONDAY = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)
WRITERS = 16


class NoSpecs:
    """A deployment that deploys no model."""

    def all(self) -> dict[str, Any]:
        return {}


@pytest.fixture(scope="module")
def client(empty_cloud: LocalCloud) -> Iterator[Any]:
    """A client of a DynamoDB with the table in it."""
    found: Any = empty_cloud.client("dynamodb")
    found.create_table(
        TableName="registry",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    yield found
    found.delete_table(TableName="registry")


@pytest.fixture
def writers(client: Any, request: pytest.FixtureRequest) -> list[Registry]:
    """Registries of as many processes: none knows what the others have seen."""
    table, model = Table(client, "registry"), request.node.name
    made = [
        Registry(table, Beliefs(table), NoSpecs(), lambda: MONDAY)  # type: ignore[arg-type]
        for _ in range(WRITERS)
    ]
    entry = hand(0).entry(model, "ModelRegistered", "model")
    made[0].models.create(RegisteredModel(name=model, created_at=MONDAY, updated_at=MONDAY), entry)
    return made


def hand(writer: int) -> Hand:
    return Hand(f"writer {writer}", "at once", MONDAY, lambda: uuid.uuid4().hex)


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Let every writer work at the same time, and return what each has got."""
    together = threading.Barrier(WRITERS)

    def begin(writer: int) -> Any:
        together.wait()
        return work(writer)

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(begin, range(WRITERS)))


def version_of(writer: int, number: int) -> ModelVersion:
    return ModelVersion(
        version=number,
        status=VersionStatus.pending_approval,
        created_at=MONDAY,
        decided_by=f"writer {writer}",
        decided_at=MONDAY,
        reason="at once",
        source=f"s3://b/{writer}",
    )


def test_sixteen_writers_number_their_versions_without_a_gap(
    writers: list[Registry], request: pytest.FixtureRequest
) -> None:
    name = request.node.name

    def add(writer: int) -> list[int]:
        versions = writers[writer].versions
        return [
            versions.add(name, lambda n: version_of(writer, n), hand(writer), key).version
            for key in (f"{writer} a", f"{writer} b", f"{writer} a", None)
        ]

    made = at_once(add)
    assert all(first == again for first, _, again, _ in made)
    numbers = sorted(number for told in made for number in {*told})
    assert numbers == list(range(1, 3 * WRITERS + 1))
    kept = writers[0].versions.of_model(name)
    assert [version.version for version in kept] == numbers
    for writer, told in enumerate(made):
        assert {v.version for v in kept if v.source == f"s3://b/{writer}"} == {*told}
    assert writers[0].models.get(name).newest == 3 * WRITERS


def test_sixteen_writers_move_one_alias_and_every_move_follows_the_one_before(
    writers: list[Registry], client: Any, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    for number in range(1, WRITERS + 1):
        writers[0].versions.add(name, lambda n: version_of(0, n), hand(0), None)
        assert writers[0].models.get(name).newest == number

    def move(writer: int) -> None:
        for _ in range(2):
            writers[writer].pointing.point(name, "best", writer + 1, hand(writer))

    at_once(move)
    history, token = writers[0].pointing.history(name, "best", limit=100)
    moves = list(reversed(history))
    assert token is None
    assert moves[0].before is None
    assert all(late.before == early.version for early, late in itertools.pairwise(moves))
    assert all(move.actor == f"writer {move.version - 1}" for move in moves if move.version)
    assert {move.version for move in moves} == {*range(1, WRITERS + 1)}
    pointer = writers[1].models.get(name).aliases["best"]
    assert (pointer.version, pointer.seq) == (moves[-1].version, len(moves))
    entries, _ = AuditTrail(Table(client, "registry")).entries(name, limit=100)
    told = [entry for entry in entries if entry.subject == "alias best"]
    assert len(told) == len(moves)
    wanted = Counter((move.before, move.version) for move in moves)
    assert Counter((e.before["version"], e.after["version"]) for e in told) == wanted


def test_tags_that_many_set_at_once_are_all_there(
    writers: list[Registry], request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    writers[0].versions.add(name, lambda n: version_of(0, n), hand(0), None)

    def tag(writer: int) -> None:
        writers[writer].versions.change(
            name,
            1,
            lambda v: v.model_copy(update={"tags": {**v.tags, str(writer): "x"}}),
            lambda _before, _after: hand(writer).entry(name, "VersionTagged", "version 1"),
        )

    at_once(tag)
    assert {*writers[0].versions.get(name, 1).tags} == {str(n) for n in range(WRITERS)}
