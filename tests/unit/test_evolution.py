"""How the columns of one batch differ from those of the batch before it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from trimtab.domain.datasets import Batch, DatasetVersion
from trimtab.domain.evolution import evolved


def batch(**columns: tuple[str, ...]) -> Batch:
    facts: dict[str, Any] = {"key": "incoming/m/a.csv", "version_id": "1", "size": 1, "rows": 1}
    return Batch(sha256="0" * 64, format="csv", **facts, **columns)


def version(of: Batch) -> DatasetVersion:
    return DatasetVersion(
        model="m", version=2, rows=1, batch_count=1, batches_digest="", batch=of, manifest_uri="",
        profile_uri=None, created_at=datetime(2026, 1, 1, tzinfo=UTC), reason="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (batch(), None, None),
        (batch(), batch(), None),
        (batch(new_columns=("a",)), batch(new_columns=("a",)), None),
        (batch(new_columns=("a",)), None, "has new columns a"),
        (batch(new_columns=("a", "b")), batch(new_columns=("a",)), "has new columns a, b"),
        (batch(awaited_columns=("c",)), batch(), "has not yet c"),
        (batch(), batch(new_columns=("a",)), "has no more a"),
        (batch(), batch(awaited_columns=("c",)), "has all columns of the contract"),
        (batch(new_columns=("b",)), batch(new_columns=("a",)), "has new columns b; has no more a"),
    ],
)  # fmt: skip
def test_a_change_of_columns_is_told_once(now, before, said):
    event = evolved(version(now), before)
    assert (event and event.reason) == (said and f"the batch of dataset version 2 {said}")
