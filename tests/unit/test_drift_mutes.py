"""Mutes: one about the same takes the other's place, and what is over is gone."""

from datetime import UTC, datetime, timedelta

from trimtab.domain.drift.incidents import Mute
from trimtab.domain.drift.mutes import Muted, Mutes

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def muted(*columns: str, days: int = 1, kind: str | None = None, reason: str = "sensors") -> Muted:
    until = NOON + timedelta(days=days)
    mute = Mute(reason=reason, until=until, cause=kind, columns=columns)  # type: ignore[arg-type]
    return Muted(mute=mute, actor="ana", at=NOON)


def test_a_mute_holds_until_its_time():
    mutes = Mutes().with_one(muted("temp")).with_one(muted(days=3))
    assert len(mutes.standing(NOON)) == 2
    assert [one.mute.columns for one in mutes.standing(NOON + timedelta(days=1))] == [()]
    assert mutes.standing(NOON + timedelta(days=3)) == ()


def test_the_same_muted_again_is_one_mute_whatever_the_order_of_its_columns():
    again = muted("wind", "temp", days=9, reason="later")
    mutes = Mutes().with_one(muted("temp", "wind")).with_one(muted("temp")).with_one(again)
    assert [one.mute.columns for one in mutes.muted] == [("temp",), ("wind", "temp")]
    assert mutes.muted[-1].mute.reason == "later"


def test_only_what_is_said_exactly_is_unmuted():
    mutes = Mutes().with_one(muted("temp", kind="data")).with_one(muted("temp"))
    assert len(mutes.without(("temp", "wind"), None, NOON).muted) == 2
    assert [one.mute.cause for one in mutes.without(("temp",), None, NOON).muted] == ["data"]
