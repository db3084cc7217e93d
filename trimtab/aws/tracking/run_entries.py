"""Where a run is found: by start, by the metrics it ended with, by the datasets it read; until it ends, as open."""

from dataclasses import replace

from trimtab.aws import keys
from trimtab.aws.table import Body, Delete, Put, Write
from trimtab.domain.tracking.runs import RUNNING, Run

CONTEXT_TAG = "mlflow.data.context"  # of an input: what the run read it for, such as training
METRICS_MOST = 36  # of a run that is indexed: two entries each, and twice so many if all change, in one transaction
WRITES_MOST = 100  # of one transaction
OTHERS = (
    20  # writes of the transaction that are no entries of metrics: run, history, datasets, audit
)


def birth_entries(run: Run) -> list[Write]:
    """The entries of a run that begins."""
    experiment = keys.experiment(run.experiment_id)
    return [
        Put(experiment, keys.started(run.start_ms, run.id), {}),
        *(Put(*place, {"experiment_id": run.experiment_id}) for place in _open_places(run)),
    ]


def with_entries(before: Run, after: Run) -> Run:
    """Return the changed run as it says whether its metrics are indexed.

    They are from its end on, unless it has so many, or so many that change, that their entries fit no transaction.
    """
    indexed = (before.is_indexed or after.has_ended) and len(after.metrics) <= METRICS_MOST
    if indexed and len(_moves(before, replace(after, is_indexed=True))) > WRITES_MOST - OTHERS:
        indexed = False
    return after if after.is_indexed == indexed else replace(after, is_indexed=indexed)


def entry_changes(before: Run, after: Run) -> list[Write]:
    """The writes that bring the entries of a run from what it was to what it is."""
    writes = _moves(before, after)
    if before.is_indexed and not after.is_indexed:
        writes += [
            Put(*place, {"experiment_id": after.experiment_id}) for place in _open_places(after)
        ]
    if after.is_indexed and not before.is_indexed:
        writes += [Delete(*place) for place in _open_places(after)]
    return [*writes, *_readings(before, after)]


def whole_entries(run: Run) -> tuple[Run, list[Write]]:
    """Return a run that is told only once it is over, as it says whether its metrics are indexed, and its entries."""
    begun = replace(
        run, status=RUNNING, end_ms=None, metrics={}, tail=(), datasets=(), is_indexed=False
    )
    kept = with_entries(begun, run)
    changes = entry_changes(begun, kept)
    gone = {(one.pk, one.sk) for one in changes if isinstance(one, Delete)}
    born = [one for one in birth_entries(begun) if _place(one) not in gone]
    return kept, born + [one for one in changes if not isinstance(one, Delete)]


def _place(write: Write) -> tuple[str, str]:
    assert isinstance(write, Put)
    return write.pk, write.sk


def _moves(before: Run, after: Run) -> list[Write]:
    """The writes that move a run's entries by metric."""
    was, becomes = _entries(before), _entries(after)
    gone: list[Write] = [Delete(*key) for key in was if key not in becomes]
    return gone + [Put(*key, body) for key, body in becomes.items() if key not in was]


def _entries(run: Run) -> dict[tuple[str, str], Body]:
    if not run.is_indexed:
        return {}
    week = keys.week(run.start_ms)
    found: dict[tuple[str, str], Body] = {}
    for key, point in run.metrics.items():
        place = keys.metric_value(point.value, run.start_ms, run.id)
        found[keys.experiment_metric(run.experiment_id, key), place] = {}
        found[keys.week_metric(key, week), place] = {"experiment_id": run.experiment_id}
    return found


def _open_places(run: Run) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (keys.experiment(run.experiment_id), keys.open_run(run.id)),
        (keys.open_in_week(keys.week(run.start_ms)), run.id),
    )


def _readings(before: Run, after: Run) -> list[Write]:
    """One entry for each digest that is new: the same data by two names are one dataset."""
    known = {one["dataset"]["digest"] for one in before.datasets}
    new = {one["dataset"]["digest"]: one for one in reversed(after.datasets)}
    return [
        Put(
            keys.reader(digest),
            keys.reading(after.start_ms, after.id),
            {
                "run_id": after.id,
                "experiment_id": after.experiment_id,
                "name": one["dataset"]["name"],
                "digest": digest,
                "context": one["tags"].get(CONTEXT_TAG, ""),
            },
        )
        for digest, one in new.items()
        if digest not in known
    ]
