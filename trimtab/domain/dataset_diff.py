"""What differs between two dataset versions of a model."""

from collections.abc import Sequence

from trimtab.domain.anomalies import cut
from trimtab.domain.base import Frozen
from trimtab.domain.columns import ColumnType
from trimtab.domain.dataset_differences import DatasetDiff, Moved, Retyped
from trimtab.domain.datasets import Manifest
from trimtab.domain.distance import distance
from trimtab.domain.profile import ColumnProfile, Profile

NOTED = 0.001  # a change under a tenth of a per cent is no move that anybody looks for


class Side(Frozen):
    """One of the two: what it holds and what was counted of it."""

    manifest: Manifest
    profile: Profile | None  # None if its batches have no common profile


def diff(base: Side, other: Side, columns: Sequence[str]) -> DatasetDiff:
    """Return what differs; `columns` are those whose moves are of interest: features and target."""
    before, after = base.manifest, other.manifest
    old = {(batch.key, batch.sha256) for batch in before.batches}
    new = {(batch.key, batch.sha256) for batch in after.batches}
    added = tuple(b.key for b in after.batches if (b.key, b.sha256) not in old)
    removed = tuple(b.key for b in before.batches if (b.key, b.sha256) not in new)
    there, here = _columns(base.profile), _columns(other.profile)
    retyped = tuple(
        Retyped(column=name, before=there[name].type, after=here[name].type)
        for name in here
        if name in there and there[name].type is not here[name].type
    )
    moved = _moved(there, here, columns)
    return DatasetDiff(
        model=after.model,
        base=before.version,
        version=after.version,
        rows_before=before.rows,
        rows_after=after.rows,
        batches_added=added,
        batches_removed=removed,
        columns_added=tuple(name for name in here if there and name not in there),
        columns_removed=tuple(name for name in there if here and name not in here),
        columns_retyped=retyped,
        moved=moved,
        sentence=_sentence(base, other, len(added), len(removed), moved),
    )


def _columns(profile: Profile | None) -> dict[str, ColumnProfile]:
    return {} if profile is None else profile.columns


def _moved(
    there: dict[str, ColumnProfile], here: dict[str, ColumnProfile], columns: Sequence[str]
) -> tuple[Moved, ...]:
    found = [
        moved
        for name in columns
        if name in there and name in here and there[name].type is here[name].type
        if here[name].type is not ColumnType.datetime  # time goes by; that is no news
        if (moved := movement(name, there[name], here[name])) is not None
    ]
    return tuple(sorted(found, key=lambda each: -each.distance))


def movement(name: str, before: ColumnProfile, after: ColumnProfile) -> Moved | None:
    """Return how far a column moved, or None if it did not.

    The distance is the larger of two: the Jensen-Shannon distance of the values that are there, and the change of the
    share of rows that have none.
    """
    apart = distance(before, after)
    values = 0.0 if apart is None else apart.js
    missing = abs(after.missing_share - before.missing_share)
    furthest = max(values, missing)
    if furthest < NOTED:
        return None
    if apart is None or missing >= values:
        how = f"missing {before.missing_share:.1%} → {after.missing_share:.1%}"
    elif apart.linf_level is not None:
        shares = [_share(column, apart.linf_level) for column in (before, after)]
        how = f"{cut(apart.linf_level)} {shares[0]:.1%} → {shares[1]:.1%}"
    elif before.mean is not None and after.mean is not None:
        how = f"mean {before.mean:.4g} → {after.mean:.4g}"
    else:
        how = f"one value's share changed by {apart.linf:.1%}"
    return Moved(column=name, distance=round(furthest, 6), how=how)


def _share(column: ColumnProfile, level: str) -> float:
    rows = column.count - column.missing
    return (column.levels or {}).get(level, 0) / rows if rows else 0.0


def _sentence(base: Side, other: Side, added: int, removed: int, moved: tuple[Moved, ...]) -> str:
    rows = f"{base.manifest.rows:,} → {other.manifest.rows:,} rows"
    batches = f"{added:,} batches added, {removed:,} removed"
    if base.profile is None or other.profile is None:
        most = "what moved cannot be told: the batches of one of them have no common profile"
    elif moved:
        most = f"{moved[0].column} moved most: {moved[0].how}"
    else:
        most = "no feature moved"
    versions = f"dataset version {base.manifest.version} → {other.manifest.version}"
    return f"{versions}: {rows}, {batches}; {most}"
