"""Aliases and routes: the last move counts, and of two moves at once one is lost."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.serving_platform import MODEL, MONDAY, Platform, deployed
from trimtab.aws.aliases import Aliases, move_write
from trimtab.aws.routes import Routes, route_write
from trimtab.aws.table import Stale
from trimtab.domain.aliases import Alias, AliasMove
from trimtab.domain.routing import Route


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed() as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    stage.reset()
    return stage


def move(version: int | None, before: int | None = None) -> AliasMove:
    at = MONDAY + timedelta(hours=version or 0)
    return AliasMove(version=version, before=before, actor="ana", reason="r", at=at)


def moved(platform: Platform, alias: Alias, *moves: AliasMove) -> Aliases:
    aliases = Aliases(platform.runtime.table)
    for one in moves:
        standing = aliases.standing(MODEL, alias)
        platform.runtime.table.commit(move_write(MODEL, standing, one))
    return aliases


def test_an_alias_that_was_never_moved_points_at_nothing(platform: Platform) -> None:
    aliases = Aliases(platform.runtime.table)
    assert aliases.get(MODEL, "champion") is None
    assert aliases.standing(MODEL, Alias.champion).version is None


def test_an_alias_points_where_its_last_move_says(platform: Platform) -> None:
    aliases = moved(platform, Alias.champion, *(move(n, n - 1 or None) for n in range(1, 13)))
    assert aliases.get(MODEL, "champion") == move(12, 11)


def test_an_alias_that_was_moved_to_nothing_points_at_nothing_and_keeps_its_history(
    platform: Platform,
) -> None:
    aliases = moved(platform, Alias.previous, move(1), move(None, 1))
    assert aliases.get(MODEL, "previous") is None
    assert aliases.history(MODEL, "previous") == ([move(None, 1), move(1)], None)


def test_history_comes_in_pages_newest_first(platform: Platform) -> None:
    aliases = moved(platform, Alias.champion, *(move(n) for n in range(1, 6)))
    first, token = aliases.history(MODEL, "champion", limit=3)
    rest, end = aliases.history(MODEL, "champion", limit=3, after=token)
    assert [one.version for one in first + rest] == [5, 4, 3, 2, 1]
    assert end is None


def test_one_alias_is_not_in_the_history_of_another(platform: Platform) -> None:
    moved(platform, Alias.previous, move(1))
    assert moved(platform, Alias.champion, move(2)).history(MODEL, "champion")[0] == [move(2)]


def test_of_moves_at_the_same_time_one_is_made(platform: Platform) -> None:
    aliases, together, lost = moved(platform, Alias.champion, move(1)), threading.Barrier(6), []

    def work(version: int) -> None:
        standing = aliases.standing(MODEL, Alias.champion)
        together.wait()
        try:
            platform.runtime.table.commit(move_write(MODEL, standing, move(version, 1)))
        except Stale as stale:
            lost.append(stale.lost)

    threads = [threading.Thread(target=work, args=(version,)) for version in range(2, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == [["ALIAS#champion#00000002"]] * 5
    assert len(aliases.history(MODEL, "champion")[0]) == 2


def test_a_route_is_what_was_last_written_and_a_late_writer_loses(platform: Platform) -> None:
    table = platform.runtime.table
    routes = Routes(table)
    assert routes.get(MODEL) is None
    table.commit(route_write(MODEL, None, Route.to(1, "v1")))
    seen = routes.read(MODEL)
    table.commit(route_write(MODEL, seen, Route.to(2, "v2")))
    for belief in (seen, None):
        with pytest.raises(Stale) as stale:
            table.commit(route_write(MODEL, belief, Route.to(3, "v3")))
        assert stale.value.lost == ["ROUTE"]
    assert routes.get(MODEL) == Route.to(2, "v2")
