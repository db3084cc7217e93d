"""The runs: one record each, changed by one write; its index entries and history move in the same transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.beliefs import Beliefs, Decision
from trimtab.aws.table import Create, Put, Record, Replace, Stale, Table, Write, written
from trimtab.aws.tracking.run_bodies import CLOSED, RunBodies, marks_of, text_of
from trimtab.aws.tracking.run_entries import birth_entries, entry_changes, with_entries
from trimtab.domain.audit import AuditEntry
from trimtab.domain.tracking.history import Piece, spill
from trimtab.domain.tracking.points import Logged
from trimtab.domain.tracking.runs import Run, no_run

PAGE = 100  # runs that one read brings
FEW = 16  # points that are appended; more are packed at once
WAITING_MOST = 32  # texts of appended points that wait: the record grows by each, and with it what a write costs
TRIES = 20  # to append: each that fails tells that another has made room meanwhile
TOGETHER = 10  # runs that one transaction moves: with 400 KB each they are as large as it may be


class Runs:
    """Reads runs and commits their changes; whatever is asked twice is done once."""

    def __init__(self, table: Table, beliefs: Beliefs, bodies: RunBodies) -> None:
        self._table = table
        self._beliefs = beliefs
        self._bodies = bodies

    def get(self, run_id: str) -> Run:
        """Return a run. Raises NotFound if there is none."""
        return self._of(self._beliefs.read(keys.run(run_id), keys.RUN), run_id)

    def many(self, run_ids: Iterable[str]) -> dict[str, Run]:
        """Return the runs that there are of the wanted ones, a hundred by each read."""
        found = self._table.read_many((keys.run(run_id), keys.RUN) for run_id in run_ids)
        runs = (self._bodies.run(record) for record in found.values())
        return {run.id: run for run in runs}

    def create(self, run: Run) -> Run:
        """Keep a new run; under an id that is taken, return what was kept, since the request was repeated."""
        creation = Create(keys.run(run.id), keys.RUN, self._bodies.body(run))
        try:
            self._table.commit(creation, *birth_entries(run))
        except Stale:
            return self.get(run.id)
        self._beliefs.remember(Record(creation.pk, creation.sk, 1, creation.body))
        return run

    def log(self, run_id: str, logged: Sequence[Logged]) -> None:
        """Log points to an active run. Raises NotFound if there is none, InvalidInput if it is deleted.

        A few are appended to the record in one call, whatever others log at the same time. Who finds the record full
        takes in what waits there; if another is faster with that, there is room again.
        """
        text, pk = text_of(logged), keys.run(run_id)
        for _ in range(TRIES if len(logged) <= FEW else 0):
            try:
                appended = self._table.append(pk, keys.RUN, text, most=WAITING_MOST, unless=CLOSED)
            except Stale as stale:
                full = stale.current
                if full is not None:
                    self._beliefs.remember(full)
            else:
                self._beliefs.remember(appended)
                return
            if full is None or CLOSED in full.index:
                break  # there is none, or it takes none: the change says which
            if self._take_in(full, logged):
                return

        def with_all(run: Run) -> Run:
            run.insist_on_active()
            return run.with_points(logged)

        self.change(run_id, with_all)

    def _take_in(self, record: Record, logged: Sequence[Logged]) -> bool:
        """Take the points that wait in a record, and these, into its body; False if another was faster."""
        before = self._bodies.run(record)
        _, writes = self._writes(record, before, before.with_points(logged))
        try:
            self._table.commit(*writes)
        except Stale:
            return False
        own = writes[0]
        assert isinstance(own, Replace)
        self._beliefs.remember(written(own))
        return True

    def change(
        self,
        run_id: str,
        weigh: Callable[[Run], Run],
        entry: Callable[[Run, Run], AuditEntry] | None = None,
    ) -> Run:
        """Change a run as `weigh` says, with an audit entry if one is given. Raises NotFound if there is none."""

        def decide(record: Record | None) -> Decision[Run]:
            before = self._of(record, run_id)
            after = weigh(before)
            if after == before:
                return Decision(after)
            assert record is not None
            kept, writes = self._writes(record, before, after)
            if entry is not None:
                writes.append(
                    entry_write(entry(before, after), keys.experiment(before.experiment_id))
                )
            return Decision(kept, writes)

        return self._beliefs.change(keys.run(run_id), keys.RUN, decide)

    def of_experiment(
        self, experiment_id: str, *, after: str | None = None, limit: int = PAGE
    ) -> tuple[list[Run], str | None]:
        """Return a page of an experiment's runs, newest first, and where to go on."""
        entries, token = self._table.records(
            keys.experiment(experiment_id),
            keys.STARTED,
            newest_first=True,
            limit=limit,
            after=after,
        )
        ids = [keys.run_of(one.sk) for one in entries]
        found = self.many(ids)
        return [found[run_id] for run_id in ids if run_id in found], token

    def move_all(self, experiment_id: str, stage: str) -> None:
        """Delete or restore all runs of an experiment; what is so already is left alone."""
        after: str | None = None
        while True:
            runs, after = self.of_experiment(experiment_id, after=after)
            others = [run.id for run in runs if run.lifecycle_stage != stage]
            for start in range(0, len(others), TOGETHER):
                self._move(others[start : start + TOGETHER], stage)
            if after is None:
                return

    def _move(self, run_ids: Sequence[str], stage: str) -> None:
        """Move some runs in one transaction, or, if others write to them just now, one by one."""
        records = self._table.read_many((keys.run(run_id), keys.RUN) for run_id in run_ids)
        moved = [(record, self._bodies.run(record).in_stage(stage)) for record in records.values()]
        writes = [Replace(record, self._bodies.body(run), marks_of(run)) for record, run in moved]
        try:
            self._table.commit(*writes)
        except Stale:
            for run_id in run_ids:
                self.change(run_id, lambda run: run.in_stage(stage))

    def readers(self, digest: str) -> Iterator[Mapping[str, str]]:
        """Return which runs read a dataset, oldest first: run_id, experiment_id, name, digest, context."""
        after: str | None = None
        while True:
            records, after = self._table.records(keys.reader(digest), after=after)
            for record in records:
                yield record.body
            if after is None:
                return

    def _writes(self, record: Record, before: Run, after: Run) -> tuple[Run, list[Write]]:
        spilled, pieces = spill(after)
        kept = with_entries(before, spilled)
        own: Write = Replace(record, self._bodies.body(kept), marks_of(kept))
        return kept, [own, *_piece_writes(kept, pieces), *entry_changes(before, kept)]

    def _of(self, record: Record | None, run_id: str) -> Run:
        if record is None:
            raise no_run(run_id)
        return self._bodies.run(record)


def _piece_writes(run: Run, pieces: Sequence[Piece]) -> list[Write]:
    return [
        Put(
            keys.run(run.id),
            keys.history(piece.bucket, piece.first_ms, piece.digest),
            {"span_ms": piece.span_ms, "columns": piece.columns},
        )
        for piece in pieces
    ]
