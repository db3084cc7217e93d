"""Fills the local cloud's table with copies of a run, as the store itself would keep them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from trimtab.aws import keys
from trimtab.aws.items import item_of
from trimtab.aws.table import Create, Put, Record
from trimtab.aws.tracking.run_bodies import RunBodies
from trimtab.aws.tracking.run_entries import birth_entries, entry_changes
from trimtab.domain.tracking.runs import RUNNING, Run
from trimtab.runtime import get_runtime

AT_ONCE = 25  # items that one BatchWriteItem takes
GOLDEN = 0.618034  # its multiples spread evenly over [0, 1)


def clone_runs(run_id: str, numbers: Iterable[int]) -> None:
    """Write one copy of an ended run for each number, each with an m0 of its own.

    Of the entries by metric only those of m0 are written, which are all that the search reads.
    """
    runtime = get_runtime()
    original = runtime.runs.get(run_id)
    bodies = RunBodies(lambda: runtime.s3, runtime.settings.bucket)
    client, table = runtime.client("dynamodb"), runtime.settings.table
    items = (item for number in numbers for item in _items(original, number, bodies))
    while some := list(islice(items, AT_ONCE)):
        requests = [{"PutRequest": {"Item": item}} for item in some]
        answer = client.batch_write_item(RequestItems={table: requests})
        assert not answer["UnprocessedItems"]


def _items(original: Run, number: int, bodies: RunBodies) -> Iterator[dict[str, Any]]:
    m0 = original.metrics["m0"]._replace(value=number * GOLDEN % 1)
    copy = replace(original, id=f"{number:032x}", metrics={**original.metrics, "m0": m0})
    begun = replace(copy, status=RUNNING, end_ms=None, is_indexed=False)
    found = [Create(keys.run(copy.id), keys.RUN, bodies.body(copy)), *birth_entries(begun)[:1]]
    for write in [*found, *entry_changes(begun, copy)]:
        is_other_metric = "#METRIC#" in f"#{write.pk}" and "#m0" not in write.pk
        if isinstance(write, Create | Put) and not is_other_metric:
            yield item_of(Record(write.pk, write.sk, 1, write.body, write.index))
