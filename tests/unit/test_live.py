"""What was live: where aliases stood, and what two moments differ in."""

from datetime import UTC, datetime

from trimtab.domain.aliases import AliasMove
from trimtab.domain.registry.live import (
    AliasChange,
    AliasStanding,
    ModelStanding,
    changes,
    standing,
)

MONDAY = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)


def move(version: int | None) -> AliasMove:
    return AliasMove(version=version, before=1, actor="ann", reason="better", at=MONDAY)


def of(model: str, **aliases: int) -> ModelStanding:
    told = (standing(alias, move(version)) for alias, version in aliases.items())
    return ModelStanding(model=model, aliases=tuple(one for one in told if one))


def test_an_alias_stands_where_its_last_move_has_brought_it() -> None:
    assert standing("champion", move(2)) == AliasStanding(
        alias="champion", version=2, since=MONDAY, before=1, actor="ann", reason="better"
    )
    assert standing("champion", move(None)) is None
    assert standing("champion", None) is None


def test_two_moments_differ_in_what_moved_came_and_went() -> None:
    earlier = [of("churn", champion=1, best=1), of("delays", champion=3), of("gone", best=1)]
    later = [of("churn", champion=2, best=1), of("delays"), of("new", best=1)]
    told = [(c.model, c.alias, c.before, c.after) for c in changes(earlier, later)]
    assert told == [
        ("churn", "champion", 1, 2),
        ("delays", "champion", 3, None),
        ("gone", "best", 1, None),
        ("new", "best", None, 1),
    ]
    assert changes(earlier, later)[1] == AliasChange(
        model="delays", alias="champion", before=3, after=None, since=None, actor=None, reason=None
    )
    assert changes(earlier, later)[0].actor == "ann"
    assert changes(later, later) == ()
