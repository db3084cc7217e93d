"""What a batch is as a whole, beside what the contract expects of it and what the last accepted batch was."""

from collections.abc import Iterator

from pydantic import PositiveInt

from trimtab.domain.anomalies import OFFENDERS, Anomaly, AnomalyCode, Example, cut, percent
from trimtab.domain.base import Frozen
from trimtab.domain.columns import NUMBERS
from trimtab.domain.contract import Contract, SinceLast
from trimtab.domain.profile import ColumnProfile, Profile


class Last(Frozen):
    """The batch that was accepted last."""

    dataset_version: PositiveInt | None = None  # that it made; None where it was not accepted yet
    profile: Profile

    @property
    def words(self) -> str:
        """Which batch it is."""
        version = self.dataset_version
        return "the last accepted batch" + (f", in dataset version {version}" if version else "")


def unexpected(contract: Contract, profile: Profile) -> Iterator[Anomaly]:
    """Name what is wrong with the columns as a whole."""
    for name, column in contract.columns.items():
        told = profile.columns.get(name)
        if told is None:
            continue
        if column.varies and told.count - told.missing > 1 and _is_constant(told):
            rows = told.count - told.missing
            yield Anomaly(
                code=AnomalyCode.constant,
                column=name,
                count=rows,
                limit=1,
                sentence=f"{name}: all {rows:,} rows with a value have the same one (it varies otherwise)",
            )
        if column.mean is not None and told.mean is not None and not column.mean.holds(told.mean):
            low, high = column.mean.minimum, column.mean.maximum
            limit = low if low is not None and told.mean < low else high
            shown = "" if column.personal else f" {told.mean:g}"
            yield Anomaly(
                code=AnomalyCode.mean_outside,
                column=name,
                limit=limit,
                sentence=f"{name}: the mean{shown} lies outside its range ({column.mean.words} expected)",
            )


def changed(contract: Contract, profile: Profile, last: Last | None) -> Iterator[Anomaly]:
    """Name what changed more since the last accepted batch than it may."""
    limits = contract.since_last
    if last is None or min(profile.rows, last.profile.rows) < limits.minimum_rows:
        return
    yield from _row_count(limits, profile, last)
    for name in contract.columns:
        before, after = last.profile.columns.get(name), profile.columns.get(name)
        if before is not None and after is not None and before.type is after.type:
            yield from _missing(limits, name, before, after, last)
            yield from _mean(limits, name, before, after, last)
            yield from _levels(limits, name, before, after, last)


def _row_count(limits: SinceLast, profile: Profile, last: Last) -> Iterator[Anomaly]:
    ratio = profile.rows / last.profile.rows
    if limits.row_ratio is None or limits.row_ratio.holds(ratio):
        return
    low = limits.row_ratio.minimum
    said = (
        f"{profile.rows:,} rows, {ratio:.2g} times the {last.profile.rows:,} of {last.words} "
        f"({limits.row_ratio.words} expected)"
    )
    limit = low if low is not None and ratio < low else limits.row_ratio.maximum
    yield Anomaly(
        code=AnomalyCode.row_count_changed, count=profile.rows, limit=limit, sentence=said
    )


def _missing(
    limits: SinceLast, name: str, before: ColumnProfile, after: ColumnProfile, last: Last
) -> Iterator[Anomaly]:
    was, now = before.missing_share, after.missing_share
    if limits.missing_change is None or now - was <= limits.missing_change:
        return
    yield Anomaly(
        code=AnomalyCode.missing_rose,
        column=name,
        count=after.missing,
        share=now,
        limit=was + limits.missing_change,
        sentence=(
            f"{name}: {percent(now)} have no value, {percent(was)} in {last.words} "
            f"(at most {percent(limits.missing_change)} more)"
        ),
    )


def _mean(
    limits: SinceLast, name: str, before: ColumnProfile, after: ColumnProfile, last: Last
) -> Iterator[Anomaly]:
    deviation = before.deviation if before.type in NUMBERS else None
    if limits.mean_shift is None or before.mean is None or after.mean is None or not deviation:
        return
    shift = abs(after.mean - before.mean) / deviation
    if shift > limits.mean_shift:
        yield Anomaly(
            code=AnomalyCode.mean_shifted,
            column=name,
            limit=limits.mean_shift,
            sentence=(
                f"{name}: the mean moved by {shift:.2g} standard deviations since {last.words} "
                f"(at most {limits.mean_shift:g})"
            ),
        )


def _levels(
    limits: SinceLast, name: str, before: ColumnProfile, after: ColumnProfile, last: Last
) -> Iterator[Anomaly]:
    if limits.level_shift is None:
        return
    was, now = _level_shares(before), _level_shares(after)
    if was is None or now is None:
        return
    moved = sum(max(0.0, now[level] - was.get(level, 0.0)) for level in now)
    if moved > limits.level_shift:
        yield Anomaly(
            code=AnomalyCode.levels_shifted,
            column=name,
            share=moved,
            limit=limits.level_shift,
            examples=tuple(_moves(was, now)),
            sentence=(
                f"{name}: {percent(moved)} of the rows changed their level since {last.words} "
                f"(at most {percent(limits.level_shift)})"
            ),
        )


def _moves(was: dict[str, float], now: dict[str, float]) -> Iterator[Example]:
    """Give the levels that moved most, and how far."""
    shares = {
        level: (was.get(level, 0.0), now.get(level, 0.0)) for level in was.keys() | now.keys()
    }
    most = sorted(shares, key=lambda level: (-abs(shares[level][1] - shares[level][0]), level))
    for level in most[:OFFENDERS]:
        before, after = shares[level]
        yield Example(value=f"{cut(level)}: {percent(before)} → {percent(after)}")


def _level_shares(column: ColumnProfile) -> dict[str, float] | None:
    there = sum((column.levels or {}).values())
    if column.levels is None or column.buckets is not None or not there:
        return None
    return {level: count / there for level, count in column.levels.items()}


def _is_constant(column: ColumnProfile) -> bool:
    if column.numbers is not None:
        return column.numbers.minimum == column.numbers.maximum
    return column.levels is not None and len(column.levels) == 1
