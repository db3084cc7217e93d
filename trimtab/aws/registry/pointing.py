"""Moves of aliases by hand: each is a record of its own, and the model's record says where they point now."""

import itertools

from trimtab.aws import keys
from trimtab.aws.aliases import Aliases, Standing, move_write
from trimtab.aws.audit import entry_write
from trimtab.aws.beliefs import Decision
from trimtab.aws.registry.models import RegisteredModels
from trimtab.aws.registry.versions import RegisteredVersions, found
from trimtab.aws.table import Record, Table, Write
from trimtab.domain.aliases import AliasMove
from trimtab.domain.registry.deployed import check_alias_is_free
from trimtab.domain.registry.hands import Hand
from trimtab.domain.registry.models import RELEASED, Pointer, RegisteredModel
from trimtab.errors import InvalidInput


class Pointing:
    """Reads where a model's aliases point, and moves those that anybody may move."""

    def __init__(
        self, table: Table, models: RegisteredModels, versions: RegisteredVersions
    ) -> None:
        self._models = models
        self._versions = versions
        self._aliases = Aliases(table)

    def of(self, model: RegisteredModel) -> dict[str, int]:
        """Return the version that each alias of a model points at."""
        free = {alias: pointer.version for alias, pointer in model.aliases.items()}
        if not self._models.is_deployed(model.name):
            return free
        released = {alias: self._aliases.get(model.name, alias) for alias in RELEASED}
        moved = {alias: m.version for alias, m in released.items() if m and m.version is not None}
        return {**free, **moved}

    def target(self, model: RegisteredModel, alias: str) -> int:
        """Return the version that an alias points at. Raises InvalidInput if it points at none."""
        version = self.of(model).get(alias)
        if version is None:
            raise InvalidInput(f"Registered model alias {alias} not found.")
        return version

    def history(
        self, name: str, alias: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[AliasMove], str | None]:
        """Return a page of an alias's moves, newest first, and the token of the next page."""
        return self._aliases.history(name, alias, limit=limit, after=after)

    def point(self, name: str, alias: str, version: int | None, hand: Hand) -> None:
        """Point an alias at a version, or at none. Raises NotFound if there is no such model or version."""
        deployed = self._models.is_deployed(name)
        check_alias_is_free(name, alias, deployed)
        if version is not None and deployed:
            self._versions.get(name, version)
        attempts = itertools.count()

        def decide(record: Record | None) -> Decision[None]:
            model = self._models.of(record, name)
            if version is not None and not deployed:
                _insist_on(model, version)
            known = model.aliases.get(alias)
            if known is not None and known.version == version:
                return Decision(None)
            if known is None and version is None:
                return Decision(None)
            # Of an alias that the record does not know, only its moves tell the last: a first attempt takes it for new.
            last = known.seq if known else self._moves_of(name, alias) if next(attempts) else 0
            if version is None:
                after = model.unpointed(alias)
            else:
                after = model.pointed(alias, version, last + 1)
            writes = moves(name, alias, known, version, hand, seq=last)
            return Decision(None, (self._models.replacement(record, after), *writes))

        self._models.beliefs.change(keys.MODELS, name, decide)

    def _moves_of(self, name: str, alias: str) -> int:
        return self._aliases.standing(name, alias).seq


def moves(
    name: str,
    alias: str,
    pointer: Pointer | None,
    version: int | None,
    hand: Hand,
    *,
    seq: int | None = None,
) -> list[Write]:
    """The writes of one move of an alias: the move after `seq`, and the audit entry that tells of it."""
    before = pointer.version if pointer else None
    last = seq if seq is not None else pointer.seq if pointer else 0
    move = hand.move(before, version)
    entry = hand.entry(
        name, "AliasMoved", f"alias {alias}", before={"version": before}, after={"version": version}
    )
    return [move_write(name, Standing(alias, last, None), move), entry_write(entry)]


def _insist_on(model: RegisteredModel, version: int) -> None:
    """Do nothing if the model has the version; the commit insists on the record that says so."""
    if not 0 < version <= model.newest or version in model.deleted:
        found(None, model.name, version)
