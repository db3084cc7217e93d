"""Profiles of made-up rows, for the tests of drift."""

from collections.abc import Mapping, Sequence

import numpy as np

from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.baseline import Baseline
from trimtab.domain.profile import ColumnProfile, Profile, Reference, profile_of


def numbers(
    values: Sequence[float],
    reference: Reference | None = None,
    type_: ColumnType = ColumnType.number,
) -> ColumnProfile:
    array = np.array(values, dtype=np.float64)
    missing = np.isnan(array)
    cells = Cells(type_, missing, np.zeros_like(missing), str, numbers=array)
    return profile_of(cells, reference)


def words(values: Sequence[str | None], reference: Reference | None = None) -> ColumnProfile:
    levels = sorted({value for value in values if value is not None}) or [""]
    codes = np.array(
        [0 if value is None else levels.index(value) for value in values], dtype=np.int64
    )
    missing = np.array([value is None for value in values], dtype=np.bool_)
    cells = Cells(
        ColumnType.string, missing, np.zeros_like(missing), str, levels=tuple(levels), codes=codes
    )
    return profile_of(cells, reference)


def rows(columns: Mapping[str, Sequence], baseline: Baseline | None = None) -> Profile:
    """A profile of columns of floats (NaN: missing) and of texts (None: missing)."""
    references = {} if baseline is None else baseline.references()
    profiles = {}
    for name, values in columns.items():
        is_text = any(isinstance(value, str) for value in values)
        profiles[name] = (words if is_text else numbers)(values, references.get(name))
    return Profile(rows=len(next(iter(columns.values()))), columns=profiles)
