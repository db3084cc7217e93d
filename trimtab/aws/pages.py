"""Pages of lists that are searched: of a long list only so much is read for one page."""

from collections.abc import Callable
from typing import TypeVar

from trimtab.aws.table import Record

Thing = TypeVar("Thing")
Reader = Callable[[str | None, int], tuple[list[Record], str | None]]

LOOKED_AT = (
    250  # records read at once where not each of them is wanted: less than DynamoDB's page of 1 MB
)
ROUNDS = 8  # such reads for one page: then the caller goes on where this stopped


def wanted_page(
    read: Reader,
    told: Callable[[Record], Thing | None],
    *,
    limit: int,
    after: str | None,
    all_wanted: bool,
) -> tuple[list[Thing], str | None]:
    """Return the next `limit` things that are wanted, and where to go on; None as second value: that was all.

    `read` gives the records behind a sort key; `told` what a record tells, or None if it is not wanted. A page may
    hold less than `limit` and still have a next one.
    """
    found: list[Thing] = []
    for _ in range(ROUNDS):
        records, more = read(after, limit if all_wanted else LOOKED_AT)
        for place, record in enumerate(records):
            after = record.sk
            if (thing := told(record)) is not None:
                found.append(thing)
            if len(found) == limit:
                return found, after if more or place + 1 < len(records) else None
        if not more:
            return found, None
    return found, after
