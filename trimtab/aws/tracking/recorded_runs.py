"""Runs that Trimtab records itself, many at once: kept whole in few transactions, however often they are told."""

from collections.abc import Callable, Iterator, Sequence

from trimtab.aws import keys
from trimtab.aws.table import Create, Stale, Table, Write
from trimtab.aws.tracking.run_bodies import RunBodies, marks_of
from trimtab.aws.tracking.run_entries import WRITES_MOST, whole_entries
from trimtab.aws.tracking.runs import Runs
from trimtab.domain.tracking.runs import Run

Bring = Callable[[Run, Run], Run]
"""Makes of a run that is kept already, and of what is told of it now, the run as it is to be kept."""


class RecordedRuns:
    """Keeps runs that are told from outside, not by whoever runs them."""

    def __init__(self, table: Table, runs: Runs, bodies: RunBodies) -> None:
        self._table = table
        self._runs = runs
        self._bodies = bodies

    def keep(self, told: Sequence[Run], bring: Bring) -> None:
        """Keep the runs: those that are new in transactions of many, each other one brought to what is told."""
        known = self._runs.many(run.id for run in told)
        for run in told:
            if run.id in known:
                self._bring(run, bring)
        for together in _packed((run, self._creation(run)) for run in told if run.id not in known):
            try:
                self._table.commit(*(write for _, writes in together for write in writes))
            except Stale:  # somebody recorded one of them meanwhile
                for run, writes in together:
                    self._keep_one(run, writes, bring)

    def _keep_one(self, run: Run, writes: list[Write], bring: Bring) -> None:
        try:
            self._table.commit(*writes)
        except Stale:
            self._bring(run, bring)

    def _bring(self, told: Run, bring: Bring) -> None:
        self._runs.change(told.id, lambda kept: bring(kept, told))

    def _creation(self, run: Run) -> list[Write]:
        kept, entries = whole_entries(run)
        return [
            Create(keys.run(run.id), keys.RUN, self._bodies.body(kept), marks_of(kept)),
            *entries,
        ]


def _packed(
    made: Iterator[tuple[Run, list[Write]]] | Sequence[tuple[Run, list[Write]]],
) -> Iterator[list[tuple[Run, list[Write]]]]:
    """Runs with their writes, as many together as one transaction takes."""
    together: list[tuple[Run, list[Write]]] = []
    writes = 0
    for run, its in made:
        if together and writes + len(its) > WRITES_MOST:
            yield together
            together, writes = [], 0
        together.append((run, its))
        writes += len(its)
    if together:
        yield together
