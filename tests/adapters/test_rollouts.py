"""Rollouts and rollbacks: a decision is committed whole, and only if all it rests on still holds."""

from collections.abc import Callable, Iterator

import pytest

from tests.serving_platform import MODEL, STAGE, Platform, deployed
from trimtab.aws.aliases import Aliases, move_write
from trimtab.aws.champion import ChampionParameter
from trimtab.aws.rollbacks import Rollbacks, Scene
from trimtab.aws.rollouts import Rollouts, transition
from trimtab.aws.routes import Routes
from trimtab.aws.table import Stale
from trimtab.domain.aliases import Alias, AliasMove
from trimtab.domain.audit import AuditEntry
from trimtab.domain.rollouts import Phase
from trimtab.errors import Fault


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed() as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    stage.reset()
    return stage


def state(platform: Platform) -> list[tuple[str, int]]:
    """Return sort key and revision of everything there is about the model."""
    records, _ = platform.runtime.table.records(f"MODEL#{MODEL}")
    return [(record.sk, record.revision) for record in records]


def waiting(platform: Platform, version: int) -> None:
    platform.record_version(version)
    platform.endpoint_will_be(version, "Creating")
    platform.approve(version)


def promotion(platform: Platform, version: int) -> Callable[[], None]:
    """Return a promotion that rests on what is true now."""
    rollouts = Rollouts(platform.runtime.table)
    belief = rollouts.believe(MODEL, version)
    assert belief.rollout is not None
    ended = belief.rollout.ended(Phase.successful, reason="up", at=platform.clock.now())
    entry = transition(
        belief, ended, id=f"e{version}", at=platform.clock.now(), actor="start_rollout"
    )
    return lambda: rollouts.promote(belief, ended, entry)


def rollback(platform: Platform) -> tuple[Scene, Callable[[], None]]:
    """Return a rollback that rests on what is true now."""
    rollbacks = Rollbacks(platform.runtime.table, STAGE)
    scene, at = rollbacks.believe(MODEL), platform.clock.now()
    to, left = scene.belief.previous.version, scene.belief.champion.version
    move = AliasMove(version=to, before=left, actor="ana", reason="late", at=at)
    entry = AuditEntry(
        id="back",
        model=MODEL,
        at=at,
        actor="ana",
        action="RolloutRolledBack",
        subject="alias champion",
        reason="late",
    )
    return scene, lambda: rollbacks.commit(scene, move, entry)


@pytest.mark.parametrize("change", ["blocked", "rejected"])
def test_a_version_that_lost_its_approval_meanwhile_is_not_promoted(
    platform: Platform, change: str
) -> None:
    waiting(platform, 1)
    promote = promotion(platform, 1)
    platform.record_version(1, status=change)
    before = state(platform)
    with pytest.raises(Stale) as stale:
        promote()
    assert stale.value.lost == ["VERSION#00000001"]
    assert state(platform) == before


def test_a_promotion_is_lost_as_a_whole_if_another_was_first(platform: Platform) -> None:
    waiting(platform, 1)
    waiting(platform, 2)
    first, second = promotion(platform, 1), promotion(platform, 2)
    first()
    before = state(platform)
    with pytest.raises(Stale) as stale:
        second()
    assert set(stale.value.lost) >= {"ROUTE", "ALIAS#champion#00000001"}
    assert state(platform) == before


def test_a_rollback_is_lost_as_a_whole_if_the_champion_moved(platform: Platform) -> None:
    platform.promote(1, 2)
    _, back = rollback(platform)
    platform.promote(3)
    before = state(platform)
    with pytest.raises(Stale):
        back()
    assert state(platform) == before


def test_a_rollback_is_lost_if_the_version_to_return_to_was_rejected(platform: Platform) -> None:
    platform.promote(1, 2)
    _, back = rollback(platform)
    platform.record_version(1, status="rejected")
    with pytest.raises(Stale) as stale:
        back()
    assert stale.value.lost == ["VERSION#00000001"]


def test_of_two_rollbacks_one_is_made(platform: Platform) -> None:
    platform.promote(1, 2, 3)
    (_, one), (_, other) = rollback(platform), rollback(platform)
    one()
    with pytest.raises(Stale):
        other()
    route = Routes(platform.runtime.table).get(MODEL)
    assert route is not None
    assert route.targets[0].version == 2


def test_a_rollback_without_a_version_to_return_to_is_not_committed(platform: Platform) -> None:
    platform.promote(1)
    scene, back = rollback(platform)
    assert scene.target_status is None
    with pytest.raises(Fault):
        back()


def test_what_lies_further_back_is_found_behind_many_moves(platform: Platform) -> None:
    platform.promote(1, 2)
    aliases, at = Aliases(platform.runtime.table), platform.clock.now()
    for version in range(3, 33):
        for to, before in ((version, 2), (2, version)):
            move = AliasMove(version=to, before=before, actor="ana", reason="r", at=at)
            standing = aliases.standing(MODEL, Alias.champion)
            platform.runtime.table.commit(move_write(MODEL, standing, move))
    platform.promote(33)
    rollback(platform)[1]()
    champion, previous = (
        Aliases(platform.runtime.table).get(MODEL, alias) for alias in ("champion", "previous")
    )
    assert champion is not None
    assert previous is not None
    assert (champion.version, previous.version) == (2, 1)


def test_rollouts_are_listed_newest_version_first(platform: Platform) -> None:
    platform.promote(1, 2, 3)
    rollouts = Rollouts(platform.runtime.table)
    first, token = rollouts.list(MODEL, limit=2)
    rest, _ = rollouts.list(MODEL, limit=2, after=token)
    assert [rollout.version for rollout in first + rest] == [3, 2, 1]


def test_the_champion_parameter_follows_a_champion_that_moves_while_it_is_put(
    platform: Platform,
) -> None:
    platform.promote(1, 2)
    _, back = rollback(platform)
    done: list[None] = []

    def meanwhile(**_: object) -> None:
        if not done:
            done.append(back())

    platform.on(platform.runtime.ssm, "before-call.ssm.PutParameter", meanwhile)
    aliases = Aliases(platform.runtime.table)
    ChampionParameter(platform.runtime.ssm, aliases, STAGE).follow(MODEL)
    assert done == [None]
    assert platform.champion_parameter() == "trimtab-dev-delays-v1"


def test_a_model_without_champion_has_no_champion_parameter(platform: Platform) -> None:
    aliases = Aliases(platform.runtime.table)
    ChampionParameter(platform.runtime.ssm, aliases, STAGE).follow(MODEL)
    assert platform.champion_parameter() is None
