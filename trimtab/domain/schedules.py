"""When something is to happen again and again, in the words of EventBridge: `rate(…)` and `cron(…)`."""

import re
from typing import Annotated

from pydantic import AfterValidator

RATE = re.compile(r"rate\((\d{1,5}) (minute|hour|day)(s?)\)")
CRON = re.compile(r"cron\(([^()]*)\)")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIELDS: tuple[tuple[str, int, int, tuple[str, ...], str], ...] = (
    ("minutes", 0, 59, (), r""),
    ("hours", 0, 23, (), r""),
    ("day of month", 1, 31, (), r"\?|L|LW|\d{1,2}W"),
    ("month", 1, 12, MONTHS, r""),
    ("day of week", 1, 7, WEEKDAYS, r"\?|L|[1-7]L|[1-7]#[1-5]"),
    ("year", 1970, 2199, (), r""),
)
"""Of a cron expression, in their order: name, least and greatest number, names, and what else AWS takes."""

DAY_OF_MONTH, DAY_OF_WEEK = 2, 4
RANGE = 2  # values on both sides of a hyphen


def checked(expression: str) -> str:
    """Return the expression. Raises ValueError that says which part of it EventBridge would refuse."""
    if rate := RATE.fullmatch(expression):
        count, unit, plural = int(rate[1]), rate[2], rate[3]
        if count < 1 or (count == 1) == bool(plural):
            raise ValueError(f"{expression!r}: write rate(1 {unit}) or rate(2 {unit}s)")
        return expression
    cron = CRON.fullmatch(expression)
    if cron is None:
        raise ValueError(f"{expression!r} is neither rate(7 days) nor cron(0 3 ? * MON *)")
    parts = cron[1].split()
    if len(parts) != len(FIELDS):
        names = ", ".join(name for name, *_ in FIELDS)
        raise ValueError(f"{expression!r} has {len(parts)} fields, not the six: {names}")
    for part, field in zip(parts, FIELDS, strict=True):
        _check_field(part, field)
    if (parts[DAY_OF_MONTH] == "?") == (parts[DAY_OF_WEEK] == "?"):
        raise ValueError(f"{expression!r}: one of day of month and day of week must be ?")
    return expression


ScheduleExpression = Annotated[str, AfterValidator(checked)]
"""`rate(…)` or `cron(…)`, as EventBridge takes it."""


def _check_field(text: str, field: tuple[str, int, int, tuple[str, ...], str]) -> None:
    name, least, most, names, special = field
    for item in text.split(","):
        if special and re.fullmatch(special, item):
            continue
        base, slash, step = item.partition("/")
        ends = [] if base == "*" else base.split("-")
        values = [names.index(end) + least if end in names else end for end in ends]
        numbers = [int(value) for value in values if str(value).isdecimal()]
        if (
            len(values) > RANGE
            or len(numbers) < len(values)
            or not all(least <= number <= most for number in numbers)
            or (slash and not (step.isdecimal() and int(step) >= 1))
        ):
            raise ValueError(f"{item!r} is no {name}: {least} to {most}, *, or several with commas")
