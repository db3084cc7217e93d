"""Where aliases stood at a moment, and what changed between two."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import PositiveInt

from trimtab.domain.aliases import AliasMove
from trimtab.domain.base import Frozen


class AliasStanding(Frozen):
    """The version that an alias pointed at, and who had brought it there."""

    alias: str
    version: PositiveInt
    since: datetime
    before: PositiveInt | None
    actor: str
    reason: str


class ModelStanding(Frozen):
    """The aliases that a model had at a moment."""

    model: str
    aliases: tuple[AliasStanding, ...]


class AliasChange(Frozen):
    """What became of an alias between two moments."""

    model: str
    alias: str
    before: PositiveInt | None  # None: it pointed at nothing
    after: PositiveInt | None
    since: datetime | None  # when it came to point where it does; None if it points at nothing
    actor: str | None
    reason: str | None


def standing(alias: str, move: AliasMove | None) -> AliasStanding | None:
    """Return where an alias stands after a move; None if it points at nothing."""
    if move is None or move.version is None:
        return None
    return AliasStanding(
        alias=alias,
        version=move.version,
        since=move.at,
        before=move.before,
        actor=move.actor,
        reason=move.reason,
    )


def changes(
    earlier: Sequence[ModelStanding], later: Sequence[ModelStanding]
) -> tuple[AliasChange, ...]:
    """Return the aliases that point elsewhere later than they did earlier, by model and name."""
    was, now = _by_name(earlier), _by_name(later)
    found = []
    for model, alias in sorted({*was, *now}):
        before, after = was.get((model, alias)), now.get((model, alias))
        versions = tuple(one.version if one else None for one in (before, after))
        if versions[0] != versions[1]:
            found.append(
                AliasChange(
                    model=model,
                    alias=alias,
                    before=versions[0],
                    after=versions[1],
                    since=after.since if after else None,
                    actor=after.actor if after else None,
                    reason=after.reason if after else None,
                )
            )
    return tuple(found)


def _by_name(standings: Sequence[ModelStanding]) -> dict[tuple[str, str], AliasStanding]:
    return {(one.model, alias.alias): alias for one in standings for alias in one.aliases}
