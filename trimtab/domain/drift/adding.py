"""Adds many profiles at once: hours to a day, days to a year; each column is put together once, not once for each."""

from collections.abc import Iterable

from trimtab.domain.profile import ColumnCounter, Profile


def added(profiles: Iterable[Profile]) -> Profile:
    """Return what merging all of them would give, to the bit. Raises Conflict as merging does."""
    rows = 0
    counters: dict[str, ColumnCounter] = {}
    first: dict[str, Profile] = {}
    for profile in profiles:
        rows += profile.rows
        for name, column in profile.columns.items():
            if name not in counters:
                counters[name] = ColumnCounter(column.type)
                first[name] = profile
            elif column.type is not first[name].columns[name].type:
                column.merge(first[name].columns[name])  # says why they have no sum
            counters[name].add_profile(column)
    return Profile(rows=rows, columns={name: one.profile() for name, one in counters.items()})
