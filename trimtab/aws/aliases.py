"""The aliases and their history: every move is a record, the newest tells where the alias points."""

from dataclasses import dataclass
from datetime import datetime

from trimtab.aws import keys
from trimtab.aws.table import Create, Record, Table
from trimtab.domain.aliases import AliasMove

PAST = "~"  # sorts behind the digits of every move
MOVES = 25  # that are read at once to find the one of some moment


@dataclass(frozen=True)
class Standing:
    """Where an alias was seen to point, and the move that would be its next."""

    alias: str
    seq: int  # of the last move; 0 if it was never moved
    move: AliasMove | None

    @property
    def version(self) -> int | None:
        """The version the alias points at."""
        return self.move.version if self.move else None


class Aliases:
    """Reads where aliases point and pointed, and makes the writes that move them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, model: str, alias: str) -> AliasMove | None:
        """Return the move that made the alias point where it does, or None if it points at nothing."""
        move = self.standing(model, alias).move
        return move if move and move.version is not None else None

    def standing(self, model: str, alias: str) -> Standing:
        """Return where the alias points, to believe in when it is moved."""
        records, _ = self._table.records(
            keys.model(model), keys.alias(alias), newest_first=True, limit=1
        )
        if not records:
            return Standing(alias, 0, None)
        return Standing(alias, _seq(records[0]), _move(records[0]))

    def history(
        self, model: str, alias: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[AliasMove], str | None]:
        """Return a page of the alias's moves, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.alias(alias), newest_first=True, limit=limit, after=after
        )
        return [_move(record) for record in records], token

    def names(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[str], str | None]:
        """Return a page of all aliases that the model has or had, and the name after which the next page begins."""
        found: list[str] = []
        while len(found) <= limit:
            past = keys.alias(after) + PAST if after is not None else None
            records, _ = self._table.records(keys.model(model), keys.ALIAS, limit=1, after=past)
            if not records:
                return found, None
            after = records[0].sk.split("#")[1]
            found.append(after)
        return found[:limit], found[limit - 1]

    def at(self, model: str, alias: str, moment: datetime) -> AliasMove | None:
        """Return the last move of an alias that was made by then, or None if there was none."""
        token: str | None = None
        while True:
            moves, token = self.history(model, alias, limit=MOVES, after=token)
            for move in moves:
                if move.at <= moment:
                    return move
            if token is None:
                return None


def move_write(model: str, standing: Standing, move: AliasMove) -> Create:
    """The write that moves the alias if nobody has moved it since `standing` was read."""
    key = keys.alias(standing.alias, standing.seq + 1)
    return Create(keys.model(model), key, move.model_dump(mode="json"))


def _seq(record: Record) -> int:
    return int(record.sk.rpartition("#")[2])


def _move(record: Record) -> AliasMove:
    return AliasMove.model_validate(record.body, strict=False)
