"""Times as people type them: 14d, 2026-11-09, 2026-11-09T08:00."""

import re
from datetime import UTC, datetime, timedelta

import click

AGO = re.compile(r"(\d{1,5})([mhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SPAN = re.compile(r"(\d{1,5})([smhd])")


def moment(_: click.Context, param: click.Parameter, text: str | None) -> str | None:
    """Return the time that an option names, in ISO 8601 and UTC; None if it is not given."""
    if text is None:
        return None
    try:
        if ago := AGO.fullmatch(text):
            span = timedelta(**{UNITS[ago[2]]: int(ago[1])})
            return (datetime.now(UTC) - span).isoformat(timespec="seconds")
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError) as error:
        wanted = "a time such as 14d, 12h, 2026-11-09 or 2026-11-09T08:00Z"
        raise click.BadParameter(f"{text!r} is not {wanted}", param=param) from error


def span(_: click.Context, param: click.Parameter, text: str) -> timedelta:
    """Return the length of time that an option names."""
    if (told := SPAN.fullmatch(text)) is None:
        wanted = "a length of time such as 90s, 45m or 6h"
        raise click.BadParameter(f"{text!r} is not {wanted}", param=param)
    return timedelta(**{UNITS[told[2]]: int(told[1])})


def moment_to_come(_: click.Context, param: click.Parameter, text: str) -> str:
    """Return the time to come that an option names, in ISO 8601 and UTC; 14d is in fourteen days."""
    try:
        if ahead := AGO.fullmatch(text):
            span = timedelta(**{UNITS[ahead[2]]: int(ahead[1])})
            return (datetime.now(UTC) + span).isoformat(timespec="seconds")
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError) as error:
        wanted = "a time to come such as 14d, 2026-12-24 or 2026-12-24T08:00Z"
        raise click.BadParameter(f"{text!r} is not {wanted}", param=param) from error


SINCE = click.option(
    "--since", callback=moment, help="Nothing before this: 14d, 12h, 2026-11-09 or a time (UTC)."
)
UNTIL = click.option("--until", callback=moment, help="Nothing after this, given as --since is.")
AT = click.option(
    "--at", callback=moment, help="As it was then, given as 14d, 2026-11-09 or a time."
)
