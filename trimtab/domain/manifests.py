"""The next dataset version: which batches it holds once one more is accepted."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from trimtab.domain.columns import ColumnType
from trimtab.domain.datasets import Batch, Manifest
from trimtab.domain.profile import Profile
from trimtab.domain.windows import Window

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_manifest(
    version: int, accepted: Sequence[Batch], *, model: str, window: Window, now: datetime
) -> Manifest:
    """Return dataset version `version`, which the last of the accepted batches makes."""
    kept = chosen(accepted, window)
    return Manifest(
        model=model,
        version=version,
        batches=kept,
        rows=sum(batch.rows for batch in kept),
        created_at=now,
        window=window,
    )


def chosen(accepted: Sequence[Batch], window: Window) -> tuple[Batch, ...]:
    """Return what the window takes of the batches, which are in the order of their acceptance.

    The last one is always among them: it makes the version, and a version that told of a batch which it does not
    hold would be a riddle. Where its rows are older than `since`, the version after it does not hold it any more.
    """
    *older, newest = accepted
    if window.since is not None:
        older = [batch for batch in older if _is_since(batch, window.since)]
    kept = (*older, newest)
    return kept if window.last is None else kept[-window.last :]


def _is_since(batch: Batch, day: date) -> bool:
    moment = batch.newest_row_at or batch.accepted_at
    # A batch of which neither is known was accepted before there was such a policy: it stays.
    return moment is None or moment.date() >= day


def newest_moment(profile: Profile, time_column: str | None) -> datetime | None:
    """Return the latest moment in a column of times; None if there is no such column, or no value in it."""
    column = profile.columns.get(time_column or "")
    if column is None or column.numbers is None or column.type is not ColumnType.datetime:
        return None
    return EPOCH + timedelta(microseconds=column.numbers.maximum)


def labelled_rows(profile: Profile, target: str) -> int:
    """Return how many rows have a value in the target column; none, if the batch has no such column."""
    column = profile.columns.get(target)
    return column.count - column.missing if column else 0
