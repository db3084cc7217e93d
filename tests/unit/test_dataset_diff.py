"""What differs between two dataset versions, in rules."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.dataset_diff import Side, diff, movement
from trimtab.domain.datasets import Batch, Manifest
from trimtab.domain.profile import ColumnProfile, Profile, profile_of

NOW = datetime(2013, 2, 1, tzinfo=UTC)


def side(version: int, **columns: ColumnProfile) -> Side:
    batch = Batch(
        key=f"incoming/m/{version}.csv",
        version_id="v",
        size=1,
        sha256=f"{version:064x}",
        rows=10,
        format="csv",
    )
    manifest = Manifest(model="m", version=version, batches=(batch,), rows=10, created_at=NOW)
    return Side(manifest=manifest, profile=Profile(rows=10, columns=columns))


def profile(type_: ColumnType, values: Sequence[Any]) -> ColumnProfile:
    """The profile of these values, None among them where one is missing."""
    missing = np.array([value is None for value in values], dtype=np.bool_)
    wrong = np.zeros(len(values), dtype=np.bool_)
    if type_ is ColumnType.string:
        levels = sorted({value for value in values if value is not None}) or [""]
        codes = np.array([0 if v is None else levels.index(v) for v in values], dtype=np.int64)
        cells = Cells(type_, missing, wrong, str, levels=tuple(levels), codes=codes)
    else:
        numbers = np.array([0 if v is None else v for v in values], dtype=np.float64)
        cells = Cells(type_, missing, wrong, str, numbers=numbers)
    return profile_of(cells)


def words(missing: int = 0, **levels: int) -> ColumnProfile:
    values = [level for level, count in levels.items() for _ in range(count)]
    return profile(ColumnType.string, [*values, *[None] * missing])


def numbers(*values: float | None) -> ColumnProfile:
    return profile(ColumnType.number, values)


def test_columns_that_came_went_or_changed_their_type_are_named():
    told = diff(
        side(1, gate=words(a=1), old=words(a=1)),
        side(2, gate=numbers(0, 1), new=words(a=1)),
        ["gate", "old", "new"],
    )
    assert (told.columns_added, told.columns_removed) == (("new",), ("old",))
    ((change),) = told.columns_retyped
    assert (change.column, change.before.value, change.after.value) == ("gate", "string", "number")
    assert told.moved == ()


def test_what_moved_most_comes_first_in_numbers():
    told = diff(
        side(
            1,
            plan=words(a=50, b=50),
            spend=numbers(*range(100)),
            gone=words(a=100),
            same=words(a=3),
        ),
        side(
            2,
            plan=words(a=90, b=10),
            spend=numbers(*range(5, 105)),
            gone=words(50, a=50),
            same=words(a=3),
        ),
        ["plan", "spend", "gone", "same"],
    )
    assert [(m.column, m.how) for m in told.moved] == [
        ("gone", "missing 0.0% → 50.0%"),
        ("plan", "a 50.0% → 90.0%"),
        ("spend", "mean 49.5 → 54.5"),
    ]
    assert told.moved[0].distance == 0.5
    assert told.sentence.endswith("gone moved most: missing 0.0% → 50.0%")


def test_a_version_without_a_profile_is_compared_in_all_but_moves():
    bare = side(1).model_copy(update={"profile": None})
    told = diff(bare, side(2, plan=words(a=1)), ["plan"])
    assert (told.moved, told.columns_added) == ((), ())
    assert told.sentence.endswith("the batches of one of them have no common profile")
    assert diff(side(2, plan=words(a=1)), bare, ["plan"]).columns_removed == ()


def test_what_holds_no_value_on_one_side_moves_by_what_is_missing_alone():
    assert movement("x", numbers(None, None), numbers(1, 2)).how == "missing 100.0% → 0.0%"
    assert movement("x", words(10), words(a=10)).distance == 1.0
    assert movement("x", numbers(5, 5), numbers(5, 5)) is None
    assert movement("x", words(10), words(20)) is None


def test_a_column_of_more_levels_than_are_kept_by_name_moves_without_one():
    many = {f"l{n}": 1 for n in range(1200)}
    moved = movement("x", words(**many, a=1), words(**many, a=5000))
    assert moved.how.startswith("one value's share changed by")


levels = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.integers(1, 50), max_size=5)


@given(levels, levels, st.integers(0, 20), st.integers(0, 20))
def test_a_distance_lies_between_nothing_and_one_and_nothing_moves_from_itself(
    one, two, missing, gone
):
    before, after = words(missing, **one), words(gone, **two)
    moved = movement("x", before, after)
    assert moved is None or 0 < moved.distance <= 1
    assert movement("x", before, before) is None
