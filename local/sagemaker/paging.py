"""List operations: filter, sort, one page, and the token of the next."""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any

from local.sagemaker.errors import invalid
from local.sagemaker.store import Record

DEFAULT_PAGE = (
    100  # SageMaker's largest page; its default of 10 for some lists only costs round trips
)


def page(
    records: Iterable[Record],
    params: dict[str, Any],
    *,
    name: str,
    sort_keys: dict[str, str],
    default_order: str = "Descending",
) -> tuple[list[Record], dict[str, str]]:
    """Return one page of the records and the answer's NextToken, if there are more.

    `name` is the field that NameContains looks at; `sort_keys` maps SortBy to fields, its first is the default.
    """
    kept = [record for record in list(records) if _matches(record, params, name)]
    field = sort_keys[params.get("SortBy") or next(iter(sort_keys))]
    ascending = (params.get("SortOrder") or default_order) == "Ascending"
    # The name settles ties, so that pages neither repeat nor lose a record.
    kept.sort(key=lambda record: (record[field], record[name]), reverse=not ascending)
    return cut(kept, params)


def cut(items: list[Any], params: dict[str, Any]) -> tuple[list[Any], dict[str, str]]:
    """Return the page of `items` that the request's NextToken and MaxResults name."""
    start = _position(params.get("NextToken"))
    end = start + (params.get("MaxResults") or DEFAULT_PAGE)
    token = base64.urlsafe_b64encode(str(end).encode()).decode()
    return items[start:end], ({"NextToken": token} if end < len(items) else {})


def summary(record: Record, *fields: str) -> Record:
    """Return the fields of the record that are set."""
    return {field: record[field] for field in fields if record.get(field) is not None}


def _matches(record: Record, params: dict[str, Any], name: str) -> bool:
    rules: dict[str, Callable[[Any], bool]] = {
        "NameContains": lambda part: part.lower() in str(record[name]).lower(),
        "CreationTimeAfter": lambda at: record["CreationTime"] >= at,
        "CreationTimeBefore": lambda at: record["CreationTime"] <= at,
        "CreatedAfter": lambda at: record["CreationTime"] >= at,
        "CreatedBefore": lambda at: record["CreationTime"] <= at,
        "LastModifiedTimeAfter": lambda at: record["LastModifiedTime"] >= at,
        "LastModifiedTimeBefore": lambda at: record["LastModifiedTime"] <= at,
    }
    return all(
        rule(params[parameter])
        for parameter, rule in rules.items()
        if params.get(parameter) is not None
    )


def _position(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error):
        raise invalid("Invalid pagination token") from None
