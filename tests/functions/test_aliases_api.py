"""Aliases over our own API: where they point, where they pointed, and every move."""

from typing import Any

import pytest

from tests.functions.mlflow_wire import ask
from tests.functions.test_registry_api import call, get
from tests.moto_platform import MODEL, MotoPlatform
from trimtab.aws.aliases import MOVES, Aliases, move_write
from trimtab.domain.aliases import AliasMove

BASE = "/v1/models"


def moved(platform: MotoPlatform, alias: str, version: int | None, model: str = MODEL) -> None:
    """Let an hour pass and move an alias, as a release does."""
    platform.clock.advance(hours=1)
    standing = Aliases(platform.table).standing(model, alias)
    move = AliasMove(
        version=version,
        before=standing.version,
        actor="start_rollout",
        reason=f"version {version} is better",
        at=platform.clock.now(),
    )
    platform.table.commit(move_write(model, standing, move))


def versions(found: dict[str, Any]) -> dict[str, int]:
    return {one["alias"]: one["version"] for one in found["items"]}


def test_what_was_live_is_told_for_any_time(platform: MotoPlatform) -> None:
    moved(platform, "champion", 1)  # 09:00
    moved(platform, "champion", 2)  # 10:00
    moved(platform, "previous", 1)  # 11:00
    moved(platform, "previous", None)  # 12:00
    path = f"{BASE}/{MODEL}/aliases"
    assert get(path)["items"] == [
        {
            "alias": "champion",
            "version": 2,
            "since": "2026-11-09T10:00:00Z",
            "before": 1,
            "actor": "start_rollout",
            "reason": "version 2 is better",
        }
    ]
    assert versions(get(path, at="2026-11-09T11:30:00Z")) == {"champion": 2, "previous": 1}
    assert versions(get(path, at="2026-11-09T09:59:59Z")) == {"champion": 1}
    assert versions(get(path, at="2026-11-09T11:00:00+01:00")) == {"champion": 2}
    assert versions(get(path, at="2026-11-09")) == {}
    live = get("/v1/live", at="2026-11-09T09:30:00Z")["items"]
    assert [(one["model"], one["aliases"][0]["version"]) for one in live] == [(MODEL, 1)]
    assert get("/v1/live", at="2026-11-08")["items"] == [{"model": MODEL, "aliases": []}]


def test_every_move_of_an_alias_is_told_newest_first(platform: MotoPlatform) -> None:
    for version in (1, 2, 1):
        moved(platform, "champion", version)
    path = f"{BASE}/{MODEL}/aliases/champion"
    first = get(path, limit="2")
    rest = get(path, limit="2", page_token=first["next_page_token"])
    moves = [(one["before"], one["version"]) for one in first["items"] + rest["items"]]
    assert moves == [(2, 1), (1, 2), (None, 1)]
    assert get(f"{BASE}/{MODEL}/aliases/none")["items"] == []


def test_a_moment_long_ago_is_found_behind_many_moves(platform: MotoPlatform) -> None:
    start = platform.clock.now()
    for version in range(1, 2 * MOVES + 2):
        moved(platform, "champion", version)
    aliases = Aliases(platform.table)
    found = aliases.at(MODEL, "champion", platform.clock.now())
    assert found is not None
    assert found.version == 2 * MOVES + 1
    assert aliases.at(MODEL, "champion", start) is None
    assert versions(get(f"{BASE}/{MODEL}/aliases", at="2026-11-09T10:00:00Z")) == {"champion": 2}


def test_aliases_come_in_pages_and_only_with_the_fields_that_are_asked_for(
    platform: MotoPlatform,
) -> None:
    for alias in ("b", "a-b", "a", "c"):
        moved(platform, alias, 1)
    names, token = [], ""
    while token is not None:
        page = get(f"{BASE}/{MODEL}/aliases", limit="1", fields="alias", page_token=token)
        names += [one["alias"] for one in page["items"]]
        assert all({*one} == {"alias"} for one in page["items"])
        token = page["next_page_token"]
    assert sorted(names) == ["a", "a-b", "b", "c"]


def test_models_of_mlflow_stand_among_those_that_are_live(platform: MotoPlatform) -> None:
    for name in ("beside", "zebra"):
        ask("POST", "registered-models/create", {"name": name})
    ask("POST", "model-versions/create", {"name": "beside", "source": "s3://b/x"})
    ask("POST", "registered-models/alias", {"name": "beside", "alias": "best", "version": "1"})
    first = get("/v1/live", limit="2")
    rest = get("/v1/live", limit="2", page_token=first["next_page_token"])
    told = [(one["model"], len(one["aliases"])) for one in first["items"] + rest["items"]]
    assert told == [("beside", 1), (MODEL, 0), ("zebra", 0)]
    assert get("/v1/models/zebra/aliases")["items"] == []
    ask("DELETE", "registered-models/delete", {"name": "beside"})
    before = get("/v1/models/beside/aliases/best")["items"]
    assert [one["version"] for one in before] == [None, 1]


@pytest.mark.parametrize("path", ["none/aliases", "none/aliases/best", "x" * 2000 + "/aliases"])
def test_aliases_of_no_model_are_not_found(platform: MotoPlatform, path: str) -> None:
    status, problem = call("GET", f"{BASE}/{path}")
    assert (status, problem["code"]) == (404, "NOT_FOUND")
    assert MODEL in problem["hint"]


def test_a_time_that_is_none_is_refused(platform: MotoPlatform) -> None:
    status, problem = call("GET", "/v1/live", at="yesterday")
    assert (status, problem["code"]) == (400, "INVALID_INPUT")
    assert "a time such as 2026-11-09" in problem["detail"]


@pytest.mark.parametrize("alias", ["a b", "x" * 3000])
def test_what_no_alias_can_be_called_is_refused(platform: MotoPlatform, alias: str) -> None:
    status, problem = call("GET", f"{BASE}/{MODEL}/aliases/{alias}")
    assert (status, problem["code"]) == (400, "INVALID_INPUT")
    assert "alias name" in problem["detail"]
