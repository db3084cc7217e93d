"""Registered models: a name, what is said of it, and where its versions and aliases stand."""

from datetime import datetime
from typing import Self

from pydantic import Field, NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.registry.stages import Stage
from trimtab.errors import InvalidState

RELEASED = ("champion", "previous", "challenger")
"""Aliases of a deployed model that move only by releases and rollbacks."""


ALIASES_MOST = 80  # at once: one transaction takes them all away with the model


class Pointer(Frozen):
    """Where an alias points, and which of its moves brought it there."""

    version: PositiveInt
    seq: PositiveInt


class RegisteredModel(Frozen):
    """What the registry keeps of a model beside its versions.

    Numbers of versions are never given twice: `newest` only grows, also when versions are deleted.
    """

    name: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    newest: NonNegativeInt = 0  # number of the newest version
    aliases: dict[str, Pointer] = Field(default_factory=dict)  # released ones are not among them
    staged: dict[PositiveInt, Stage] = Field(default_factory=dict)  # versions in a stage but None
    deleted: tuple[PositiveInt, ...] = ()  # versions that are gone
    made_by: str | None = None  # key of the request that registered it, if that had one
    leaving: bool = False  # it is being deleted: nobody sees it any more

    def pointing_at(self, version: int) -> list[str]:
        """Return the aliases of a version."""
        return sorted(a for a, pointer in self.aliases.items() if pointer.version == version)

    @property
    def latest(self) -> dict[Stage, int]:
        """The newest version in every stage that has one."""
        found: dict[Stage, int] = {}
        for number in sorted(self.staged):
            found[self.staged[number]] = number
        gone = {*self.staged, *self.deleted}
        unstaged = next((n for n in range(self.newest, 0, -1) if n not in gone), None)
        return found if unstaged is None else {Stage.none: unstaged, **found}

    def updated(self, at: datetime, **changes: object) -> Self:
        """Return the model after a change."""
        return self.model_copy(update={"updated_at": at, **changes})

    def pointed(self, alias: str, version: int, seq: int) -> Self:
        """Return the model after a move of an alias. Raises InvalidState if it has too many."""
        if alias not in self.aliases and len(self.aliases) >= ALIASES_MOST:
            raise InvalidState(
                f"{self.name} has {len(self.aliases)} aliases, and can have no more at once",
                hint="delete one that nobody needs",
            )
        moved = {**self.aliases, alias: Pointer(version=version, seq=seq)}
        return self.model_copy(update={"aliases": moved})

    def unpointed(self, alias: str) -> Self:
        """Return the model after an alias was deleted."""
        others = {name: pointer for name, pointer in self.aliases.items() if name != alias}
        return self.model_copy(update={"aliases": others})

    def moved(self, version: int, stage: Stage) -> Self:
        """Return the model after a version got into a stage."""
        others = {number: s for number, s in self.staged.items() if number != version}
        staged = others if stage is Stage.none else {**others, version: stage}
        return self.model_copy(update={"staged": staged})

    def without(self, version: int) -> Self:
        """Return the model after a version was deleted."""
        staged = {number: s for number, s in self.staged.items() if number != version}
        deleted = tuple(sorted({*self.deleted, version}))
        return self.model_copy(update={"staged": staged, "deleted": deleted})
