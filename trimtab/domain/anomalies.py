"""What is wrong with a batch: named, counted, with examples and a sentence that a person can act on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen

SENTENCES = 3  # of a batch's anomalies, in the one sentence that log, audit entry and event repeat
EXAMPLES = 20  # enough to see the pattern, few enough that a report stays a page
OFFENDERS = 5  # values that are told with how often they occur
REMEMBERED = 1_000  # different offending values that are counted; more are an identifier's
EXAMPLE_LENGTH = 100  # characters of an offending value or name that a report repeats


class AnomalyCode(StrEnum):
    """The kinds of anomaly."""

    unknown_model = "UNKNOWN_MODEL"  # not in the folder of a model, `incoming/<model>/`
    empty_file = "EMPTY_FILE"  # nothing in it, or white space only
    file_too_large = (
        "FILE_TOO_LARGE"  # more than 500 GiB; without a Spark container 2 GiB; send it in parts
    )
    not_csv_or_parquet = "NOT_CSV_OR_PARQUET"  # another format, zero bytes, UTF-16
    unreadable = "UNREADABLE"  # it begins as one of these, or as gzip, but cannot be read as that
    no_header = "NO_HEADER"  # the first line names no column of the contract
    too_many_columns = "TOO_MANY_COLUMNS"  # more than 4,096 columns
    missing_column = "MISSING_COLUMN"  # the contract has it, the file has not
    unknown_column = "UNKNOWN_COLUMN"  # the file has it, the contract has not
    duplicate_column = "DUPLICATE_COLUMN"  # the header names a column of the contract twice
    field_count = "FIELD_COUNT"  # a row with fewer or more fields than the header
    invalid_encoding = "INVALID_ENCODING"  # a row that is not UTF-8
    malformed_row = "MALFORMED_ROW"  # a stray or unclosed quote; a line that is no JSON object
    row_too_long = "ROW_TOO_LONG"  # more than 64 MiB in one row; mostly an unclosed quote
    too_few_rows = "TOO_FEW_ROWS"  # fewer than contract.minimum_rows
    wrong_type = "WRONG_TYPE"  # a value that cannot be read as the column's type
    missing_value = "MISSING_VALUE"  # no value in a column that is not nullable
    missing_share = "MISSING_SHARE"  # more than contract.missing_share of a column is missing
    below_minimum = "BELOW_MINIMUM"  # a number under the column's minimum
    above_maximum = "ABOVE_MAXIMUM"  # a number over the column's maximum
    not_allowed = "NOT_ALLOWED_VALUE"  # more texts outside the allowed values than new_share
    too_long = "TOO_LONG"  # a text of more characters than the column's longest
    not_unique = "NOT_UNIQUE"  # a value, or a key, that an earlier row has too
    duplicate_rows = "DUPLICATE_ROWS"  # more rows repeat an earlier one whole than duplicate_share
    too_many_rows = "TOO_MANY_ROWS"  # more than contract.maximum_rows
    constant = "CONSTANT_COLUMN"  # one value in all rows of a column that varies
    mean_outside = "MEAN_OUTSIDE"  # the mean of a column lies outside its range
    rule_broken = "RULE_BROKEN"  # more rows break a rule over columns than its share
    hour_outside = "HOUR_OUTSIDE"  # a time at an hour of the day at which none lies
    future_time = "FUTURE_TIME"  # a time further ahead than times.future_hours
    stale = "STALE"  # the newest time is older than times.oldest_days
    span_outside = "SPAN_OUTSIDE"  # from the oldest time to the newest is too long or too short
    time_gap = "TIME_GAP"  # more hours in a row without any row than times.gap_hours
    row_count_changed = "ROW_COUNT_CHANGED"  # rows over those of the last batch: outside row_ratio
    missing_rose = "MISSING_SHARE_ROSE"  # more nulls than in the last batch, by over missing_change
    mean_shifted = "MEAN_SHIFTED"  # the mean moved from the last batch by more than mean_shift
    levels_shifted = "LEVELS_SHIFTED"  # more rows changed their level than level_shift


class Example(Frozen):
    """One place where the anomaly shows."""

    row: PositiveInt | None = None  # 1 is the first row after the header; blank lines do not count
    value: str | None = (
        None  # as it was written, cut to EXAMPLE_LENGTH; None where nothing was written
    )


class Offender(Frozen):
    """A value that breaks a rule."""

    value: str  # as it was written, cut to EXAMPLE_LENGTH
    rows: PositiveInt


class Anomaly(Frozen):
    """One rule that a batch breaks."""

    code: AnomalyCode
    sentence: str  # holds no value of the data, so that it may stand in logs and audit entries
    column: str | None = None
    count: NonNegativeInt | None = None  # rows, columns or bytes that break the rule
    share: float | None = None  # of the batch's rows
    limit: float | None = None  # what the contract allows
    examples: Annotated[tuple[Example, ...], Field(max_length=EXAMPLES)] = ()
    offenders: Annotated[tuple[Offender, ...], Field(max_length=OFFENDERS)] = ()  # the worst first


def concealed(anomaly: Anomaly) -> Anomaly:
    """Return an anomaly of whole rows without what stands in them: one of their columns is personal."""
    changes: dict[str, object] = {}
    if any(example.row is not None for example in anomaly.examples):
        changes["examples"] = tuple(Example(row=example.row) for example in anomaly.examples)
    if anomaly.code is AnomalyCode.unreadable:
        # What the engine says after it may quote the file.
        changes["sentence"] = anomaly.sentence.partition(": ")[0]
    return anomaly if anomaly.column is not None else anomaly.model_copy(update=changes)


def cut(text: str) -> str:
    """Return the text, shortened to what a report repeats, without characters that JSON cannot carry."""
    clean = text.encode("utf-8", "backslashreplace").decode()
    return clean if len(clean) <= EXAMPLE_LENGTH else clean[: EXAMPLE_LENGTH - 1] + "…"


def counted(number: int, word: str) -> str:
    """Return `1 row`, `2 rows`."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def percent(share: float) -> str:
    """Return a share as people read it."""
    return f"{100 * share:.3g} %"


class Tally:
    """Counts the rows that break one rule, and keeps the first of them and the values that are most to blame."""

    def __init__(self, *, conceal: bool = False) -> None:
        """Where `conceal` is set, no value is kept: the column is personal."""
        self.count = 0
        self.conceal = conceal
        self._examples: list[Example] = []
        self._values: Counter[str] = Counter()

    @property
    def examples(self) -> tuple[Example, ...]:
        """The first rows that were counted, 20 at most."""
        return tuple(self._examples)

    @property
    def offenders(self) -> tuple[Offender, ...]:
        """The values that were counted most often."""
        most = sorted(self._values.items(), key=lambda one: (-one[1], one[0]))[:OFFENDERS]
        return tuple(Offender(value=value, rows=rows) for value, rows in most)

    @property
    def room(self) -> int:
        """How many more examples are kept."""
        return EXAMPLES - len(self._examples)

    def add(self, count: int, examples: Iterable[tuple[int, str | None]] = ()) -> None:
        """Count rows; `examples` are (row, value) of the first of them."""
        self.count += count
        for row, value in examples:
            if not self.room:
                break
            shown = None if value is None or self.conceal else cut(value)
            self._examples.append(Example(row=row, value=shown))

    def merge(self, later: "Tally", *, after: int) -> None:
        """Take what was counted in the rows that follow the first `after`."""
        examples = later.examples[: self.room]
        self._examples += [
            one if one.row is None else one.model_copy(update={"row": one.row + after})
            for one in examples
        ]
        self.count += later.count
        self.blame(later._values)  # noqa: SLF001

    def blame(self, values: Mapping[str, int]) -> None:
        """Remember which values broke the rule, and how often; `values` may be given piece by piece."""
        if self.conceal:
            return
        for value, rows in values.items():
            shown = cut(value)
            if shown in self._values or len(self._values) < REMEMBERED:
                self._values[shown] += rows


def of_rows(
    code: AnomalyCode,
    tally: Tally,
    *,
    rows: int,
    what: str,
    column: str | None = None,
    limit: float | None = 0,
) -> Anomaly:
    """Name the anomaly that the tally counted in `rows` rows; `what` completes "3 of 200 rows …"."""
    share = tally.count / rows if rows else 1.0
    subject = f"{cut(column)}: " if column is not None else ""
    first = tally.examples[0].row if tally.examples else None
    place = f", first in row {first:,}" if first is not None else ""
    sentence = f"{subject}{tally.count:,} of {rows:,} rows ({percent(share)}) {what}{place}"
    return Anomaly(
        code=code,
        column=None if column is None else cut(column),
        count=tally.count,
        share=share,
        limit=limit,
        examples=tally.examples,
        offenders=tally.offenders,
        sentence=sentence,
    )


def in_one_sentence(anomalies: Iterable[Anomaly]) -> str:
    """Return the sentences of the first anomalies, and how many there are beside them."""
    sentences = [anomaly.sentence for anomaly in anomalies]
    left = len(sentences) - SENTENCES
    more = f"; and {left} more, see the report" if left > 0 else ""
    return "; ".join(sentences[:SENTENCES]) + more
