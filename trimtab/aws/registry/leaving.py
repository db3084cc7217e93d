"""Registered models, and versions, that leave: deleted, or under another name from here on.

The moves of aliases stay where they are: what was live at some time can be asked of a model that is gone, too.
"""

from trimtab.aws import keys
from trimtab.aws.aliases import Aliases, Standing, move_write
from trimtab.aws.audit import entry_write
from trimtab.aws.beliefs import Decision
from trimtab.aws.registry.emptying import empty
from trimtab.aws.registry.models import RegisteredModels, creation
from trimtab.aws.registry.pointing import moves
from trimtab.aws.registry.versions import RegisteredVersions, body_of, found
from trimtab.aws.table import Create, Delete, Record, Replace, Table, Write
from trimtab.aws.versions import of_record
from trimtab.domain.registry.deployed import check_model_is_free, check_version_is_free
from trimtab.domain.registry.hands import Hand
from trimtab.domain.registry.models import RegisteredModel
from trimtab.domain.versions import ModelVersion, redacted
from trimtab.errors import InvalidState

WRITES_MOST = 100  # of one transaction


class Leaving:
    """Deletes versions and models, and renames models."""

    def __init__(
        self, table: Table, models: RegisteredModels, versions: RegisteredVersions
    ) -> None:
        self._table = table
        self._models = models
        self._versions = versions
        self._aliases = Aliases(table)

    def version(self, name: str, number: int, hand: Hand) -> None:
        """Delete a version and the aliases that point at it. Raises NotFound, InvalidState for a deployed model."""
        check_version_is_free(name, self._models.is_deployed(name))

        def decide(record: Record | None) -> Decision[None]:
            model = self._models.of(record, name)
            place = self._table.read(keys.model(name), keys.version(number))
            before = found(of_record(place), name, number)
            assert place is not None
            told = {"source": before.source, "run_id": before.run_id, "stage": before.stage.value}
            entry = hand.entry(name, "VersionDeleted", f"version {number}", before=told)
            gone = redacted(before, hand.actor, hand.reason, hand.at)
            writes: list[Write] = [Replace(place, body_of(gone)), entry_write(entry)]
            if before.run_id:
                at = keys.run_version(number, name)
                writes.append(Delete(keys.run(before.run_id), at))
            after = model.updated(hand.at).without(number)
            for alias in model.pointing_at(number):
                writes += moves(name, alias, model.aliases[alias], None, hand)
                after = after.unpointed(alias)
            return Decision(None, (self._models.replacement(record, after), *writes))

        self._models.beliefs.change(keys.MODELS, name, decide)

    def model(self, name: str, hand: Hand) -> None:
        """Delete a model with its versions. Raises NotFound if there is none, InvalidState for a deployed one."""
        check_model_is_free(name, self._models.is_deployed(name), "deleted")

        def decide(record: Record | None) -> Decision[None]:
            model = self._models.of(record, name)
            told = {"newest": model.newest, "aliases": _live(model)}
            entry = hand.entry(name, "ModelDeleted", "model", before=told)
            writes = (*self._partings(model, hand), entry_write(entry))
            return Decision(None, (self._parted(record, model, hand), *writes))

        self._models.beliefs.change(keys.MODELS, name, decide)
        self._end(name)

    def rename(self, name: str, new_name: str, hand: Hand) -> RegisteredModel:
        """Give a model, its versions and its aliases another name.

        Raises NotFound, AlreadyExists if the name is taken, InvalidState for a deployed model or a large one.
        """
        check_model_is_free(name, self._models.is_deployed(name), "renamed")
        self._models.insist_on_free(new_name)

        def decide(record: Record | None) -> Decision[RegisteredModel]:
            model = self._models.of(record, name)
            self._models.insist_on_free(new_name)
            after = model.updated(hand.at, name=new_name, aliases={})
            versions = [
                one
                for record_of_one, version in self._versions.records(name)
                for one in _taken_along(new_name, record_of_one, version, hand)
            ]
            arrivals: list[Write] = []
            for alias, version in sorted(_live(model).items()):
                standing = self._aliases.standing(new_name, alias)
                arrivals.append(move_write(new_name, standing, hand.move(None, version)))
                after = after.pointed(alias, version, standing.seq + 1)
            told = [
                entry_write(hand.entry(one, "ModelRenamed", "model", before=name, after=new_name))
                for one in (name, new_name)
            ]
            writes = (
                self._parted(record, model, hand),
                creation(after),
                *self._partings(model, hand),
                *arrivals,
                *versions,
                *told,
            )
            _insist_on_few(name, len(writes))
            return Decision(after, writes)

        renamed = self._models.beliefs.change(keys.MODELS, name, decide)
        self._end(name)
        return renamed

    def _parted(self, record: Record | None, model: RegisteredModel, hand: Hand) -> Write:
        gone = model.updated(hand.at, leaving=True, aliases={})
        return self._models.replacement(record, gone)

    @staticmethod
    def _partings(model: RegisteredModel, hand: Hand) -> list[Write]:
        """The writes by which a model's aliases point at nothing any more."""
        return [
            move_write(
                model.name, Standing(alias, pointer.seq, None), hand.move(pointer.version, None)
            )
            for alias, pointer in sorted(model.aliases.items())
        ]

    def _end(self, name: str) -> None:
        self._models.beliefs.forget(keys.MODELS, name)
        empty(self._table, name)


def _live(model: RegisteredModel) -> dict[str, int]:
    return {alias: pointer.version for alias, pointer in model.aliases.items()}


def _taken_along(new_name: str, record: Record, version: ModelVersion, hand: Hand) -> list[Write]:
    """The writes by which a version is under the new name, and under the old one no more."""
    pk, number = keys.model(new_name), version.version
    moved = version.model_copy(update={"updated_at": hand.at})
    writes: list[Write] = [
        Create(pk, keys.version(number), body_of(moved)),
        Replace(record, record.body | {"deleted": True}),
    ]
    if version.run_id:
        told = {"model": new_name, "version": number}
        at = keys.run_version(number, new_name)
        writes.append(Create(keys.run(version.run_id), at, told))
    return writes


def _insist_on_few(name: str, writes: int) -> None:
    if writes > WRITES_MOST:
        raise InvalidState(
            f"{name} has too many versions and aliases to be renamed at once: that takes {writes} writes, and a "
            f"transaction has {WRITES_MOST}",
            hint="register its versions under the new name, from sources like models:/name/1",
        )
