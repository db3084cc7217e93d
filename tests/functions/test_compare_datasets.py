"""What is told of two dataset versions, and how the files of one are fetched."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from functions.compare_datasets import handler as compare
from functions.registry_api import handler as registry
from tests import flights
from tests.intake_world import CONTEXT, SETTINGS, World, a_world
from trimtab.domain.windows import Window

EVENT = Path(__file__).parents[1] / "events/http_get_models.json"
DATASETS = "/v1/models/flights/datasets"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with a_world(flights.spec(window=Window(last=2))) as made:
        yield made


def get(function: ModuleType, path: str, **query: str) -> tuple[int, dict[str, Any]]:
    """Call the API as API Gateway does; return status and parsed body."""
    event = json.loads(EVENT.read_text())
    event["rawPath"] = event["requestContext"]["http"]["path"] = DATASETS + path
    event["queryStringParameters"] = query
    answer = function.lambda_handler(event, CONTEXT)
    return answer["statusCode"], json.loads(answer["body"])


def arrive(world: World, *months: int) -> None:
    for month in months:
        answer = world.arrive(f"incoming/flights/{month}.csv", flights.csv(10, 100 * month))
        assert answer["outcome"] == "accepted"


def test_two_versions_are_compared_by_batches_rows_and_moves(world):
    arrive(world, 1, 2, 30)
    status, told = get(compare, "/3/diff", base="1")
    assert status == 200
    assert (told["base"], told["version"]) == (1, 3)
    assert (told["rows_before"], told["rows_after"]) == (10, 20)
    assert told["batches_added"] == ["incoming/flights/2.csv", "incoming/flights/30.csv"]
    assert told["batches_removed"] == ["incoming/flights/1.csv"]
    assert told["columns_added"] == told["columns_removed"] == told["columns_retyped"] == []
    how = {each["column"]: each["how"] for each in told["moved"]}
    assert how["distance"] == "mean 204.5 → 1704"
    assert "at" not in how
    assert [m["distance"] for m in told["moved"]] == sorted(
        (m["distance"] for m in told["moved"]), reverse=True
    )
    assert told["sentence"] == (
        "dataset version 1 → 3: 10 → 20 rows, 2 batches added, 1 removed; "
        "distance moved most: mean 204.5 → 1704"
    )


def test_a_version_is_compared_with_the_one_before_unless_another_is_named(world):
    arrive(world, 1, 2)
    assert get(compare, "/2/diff")[1]["base"] == 1
    status, told = get(compare, "/1/diff", fields="sentence")
    assert status == 200
    assert told == {
        "sentence": "dataset version 1 → 1: 10 → 10 rows, 0 batches added, 0 removed; no feature moved"
    }


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/7/diff", {}, 404),
        ("/1/diff", {"base": "7"}, 404),
        ("/one/diff", {}, 404),
        ("/1/diff", {"base": "0"}, 400),
        ("/1/diff", {"base": "x"}, 400),
    ],
)
def test_what_cannot_be_compared_is_refused(world, path, query, status):
    arrive(world, 1)
    assert get(compare, path, **query)[0] == status


def test_the_batches_of_a_version_come_newest_first_with_addresses_of_exactly_their_bytes(world):
    arrive(world, 1, 2)
    status, told = get(registry, "/2/batches", limit="1")
    assert status == 200
    (newest,) = told["items"]
    assert newest["key"] == "incoming/flights/2.csv"
    assert f"versionId={newest['version_id']}" in newest["url"]
    assert "X-Amz-Expires=900" in newest["url"]
    status, rest = get(registry, "/2/batches", limit="1", page_token=told["next_page_token"])
    assert [one["key"] for one in rest["items"]] == ["incoming/flights/1.csv"]
    assert rest["next_page_token"] is None


def test_the_batches_of_no_version_are_refused_and_a_token_of_another_list_too(world):
    arrive(world, 1)
    assert get(registry, "/2/batches")[0] == 404
    assert get(registry, "/1/batches", page_token="REFUQVNFVCMx")[0] == 400
