"""What stands behind the question mark of a request; each description says what is expected."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from trimtab.domain.base import Frozen

LIMIT_MOST = 100  # items of a page
TOKEN_MOST = 2048  # characters; a sort key of the table has 1024 bytes at most


def _whole(given: Any) -> Any:
    """Take a number as text, but only one written in plain digits."""
    if isinstance(given, str):
        if not given.isascii() or not given.isdigit() or len(given) > len(str(2**63)):
            raise ValueError("not a whole number")
        return int(given)
    return given


def _moment(given: Any) -> Any:
    """Take a time as text; a day is its first moment, and what names no zone is UTC."""
    if isinstance(given, str):
        try:
            at = datetime.fromisoformat(given)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        except OverflowError as error:  # year 1 or 9999, in a zone that leads out of it
            raise ValueError("not a time") from error
    return given


Moment = Annotated[datetime, BeforeValidator(_moment)]
Text = Annotated[str, Field(min_length=1, max_length=500)]

Filter = Annotated[str, Field(min_length=1, max_length=4000)]

A_FILTER = "MLflow's filter language, such as params.depth = '5' and metrics.auc > 0.7; 4,000 characters at most"
A_TIME = "a time such as 2026-11-09 or 2026-11-09T08:00:00Z"


class Sparse(Frozen):
    """What every answer can be cut down to."""

    fields: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None, description="names of fields with commas between: only these are answered"
    )


class Paged(Sparse):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MOST), BeforeValidator(_whole)] = Field(
        50, description=f"a whole number from 1 to {LIMIT_MOST}"
    )
    page_token: Annotated[str, Field(max_length=TOKEN_MOST)] | None = Field(
        None, description="the next_page_token of an earlier page of the same list"
    )


class AuditQuery(Paged):
    """Which entries of the audit trail."""

    model: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="name of a model: only entries about it"
    )
    subject: Text | None = Field(None, description='what was changed, such as "version 2"')
    actor: Text | None = Field(
        None, description="who did it: an ARN, what follows the account in one, or a function"
    )
    action: Text | None = Field(None, description="what was done, such as RolloutPromoted")
    since: Moment | None = Field(None, alias="from", description=f"{A_TIME}: nothing before it")
    until: Moment | None = Field(None, alias="to", description=f"{A_TIME}: nothing after it")


class IdeasQuery(Paged):
    """Which ideas."""

    q: Text | None = Field(
        None, description="words of the hypothesis or of the conclusion's reason"
    )
    model: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="name of a model: only ideas about it"
    )
    run: Text | None = Field(None, description="id of a run: only ideas that it tries")
    conclusion: Literal["open", "worked", "failed"] | None = Field(
        None, description="open, worked or failed"
    )


class AtQuery(Paged):
    """Where aliases stood at a moment."""

    at: Moment | None = Field(None, description=f"{A_TIME}: as it was then, not as it is now")


class WhyQuery(Sparse):
    """Which time a question is about."""

    since: Moment | None = Field(
        None, alias="from", description=f"{A_TIME}: the day before `to`, unless given"
    )
    until: Moment | None = Field(None, alias="to", description=f"{A_TIME}: now, unless given")


class WantedQuery(Sparse):
    """Of which day predictions are to be labelled."""

    day: Moment | None = Field(
        None, description=f"{A_TIME}: predictions of that day (UTC); the newest, unless given"
    )


class Compared(Sparse):
    """With which dataset version one is compared."""

    base: Annotated[int, Field(ge=1, le=99_999_999), BeforeValidator(_whole)] | None = Field(
        None, description="a whole number from 1: a dataset version; the one before, unless given"
    )


class RunsQuery(Paged):
    """Which runs."""

    experiment: Text | None = Field(None, description="name or id of an experiment: only its runs")
    filter: Filter | None = Field(None, description=A_FILTER)


class BestQuery(Paged):
    """The best runs by which metric, and of which time."""

    metric: Text = Field(description="name of a metric, such as auc")
    order: Literal["max", "min"] = Field("max", description="max or min: which values are good")
    since: Moment | None = Field(
        None,
        alias="from",
        description=f"{A_TIME}: no run that started before it; 28 days ago unless given",
    )
    until: Moment | None = Field(
        None, alias="to", description=f"{A_TIME}: no run that started after it"
    )
    model: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None,
        description="name of a model: only runs tagged trimtab.model so, or of an experiment of that name",
    )
    filter: Filter | None = Field(None, description=A_FILTER)


class DiffQuery(Sparse):
    """Which two runs."""

    a: Text = Field(description="id of a run")
    b: Text = Field(description="id of another run")


class LineageQuery(Sparse):
    """Whose lineage."""

    of: Annotated[str, Field(min_length=1, max_length=1500)] = Field(
        description="<kind>:<name>, such as dataset:flight-delays/3, file:incoming/flight-delays/may.csv, run:<id>, "
        "version:flight-delays/2, training:flight-delays/<request>, endpoint:<name>, data:<digest that a run logged>"
    )
    direction: Literal["up", "down", "both"] = Field(
        "both", description="up: what it was made of; down: what was made of it; or both"
    )
