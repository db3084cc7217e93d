"""The ideas: one partition of all, newest first; each changed on what was read, with its audit entry."""

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.pages import wanted_page
from trimtab.aws.table import Create, Record, Replace, Stale, Table
from trimtab.domain.audit import AuditEntry
from trimtab.domain.ideas import Idea, Wanted
from trimtab.errors import Fault, InvalidInput, NotFound

COMPARED = 1000  # newest ideas that a new one is compared with: less than DynamoDB's page of 1 MB

ID_MOST = 100  # characters; DynamoDB itself refuses to look for a key that is too long


class Ideas:
    """Reads and changes ideas."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, idea_id: str) -> Idea:
        """Return one idea. Raises NotFound."""
        return of_record(self.read(idea_id))

    def read(self, idea_id: str) -> Record:
        """Return the record of an idea, to believe in when it is changed. Raises NotFound."""
        could_be = len(idea_id) <= ID_MOST
        record = self._table.read(keys.IDEAS, keys.idea(idea_id)) if could_be else None
        if record is None:
            raise NotFound(f"there is no idea {idea_id[:100]!r}", hint="GET /v1/ideas lists them")
        return record

    def add(self, idea: Idea, digest: str, entry: AuditEntry) -> tuple[Idea, bool]:
        """Keep a new idea; return it with True, or the one that was kept for the same digest before."""
        try:
            self._table.commit(
                Create(keys.IDEAS, keys.hypothesis(digest), {"idea": idea.id}),
                Create(keys.IDEAS, keys.idea(idea.id), idea.model_dump(mode="json")),
                _told(entry),
            )
        except Stale:
            first = self._table.read(keys.IDEAS, keys.hypothesis(digest))
            if first is None:
                raise Fault(f"idea {idea.id} could not be kept") from None
            return self.get(str(first.body["idea"])), False
        return idea, True

    def change(self, record: Record, idea: Idea, entry: AuditEntry) -> None:
        """Put the idea where `record` was read. Raises Stale if another writer was faster."""
        self._table.commit(Replace(record, idea.model_dump(mode="json")), _told(entry))

    def newest(self) -> list[Idea]:
        """Return the newest ideas, as many as a new one is compared with."""
        records, _ = self._table.records(keys.IDEAS, keys.IDEA, newest_first=True, limit=COMPARED)
        return [of_record(record) for record in records]

    def search(
        self, wanted: Wanted, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[Idea], str | None]:
        """Return a page of the ideas that are wanted, newest first, and the token of the next page."""
        if after is not None and not after.startswith(keys.IDEA):
            raise InvalidInput(
                f"{after!r} is not a page token of this list", hint="start again without one"
            )

        def told(record: Record) -> Idea | None:
            idea = of_record(record)
            return idea if wanted.matches(idea) else None

        return wanted_page(
            lambda below, size: self._table.records(
                keys.IDEAS, keys.IDEA, newest_first=True, limit=size, after=below
            ),
            told,
            limit=limit,
            after=after,
            all_wanted=wanted.is_everything,
        )


def _told(entry: AuditEntry) -> Create:
    return entry_write(entry, None if entry.model else keys.IDEAS)


def of_record(record: Record) -> Idea:
    """Return the idea that a record tells."""
    return Idea.model_validate(record.body, strict=False)
