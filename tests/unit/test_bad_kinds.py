"""Each kind of bad data, and the anomaly it must give: what, where, how many."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import flights
from trimtab.data.examine import examine
from trimtab.domain.checks import check_header
from trimtab.domain.columns import Column, ColumnType, Range
from trimtab.domain.contract import Contract, RowRule, SinceLast, Times
from trimtab.domain.examination import Examination
from trimtab.domain.since_last import Last, changed, unexpected

NOW = datetime(2013, 2, 1, tzinfo=UTC)
GOOD = flights.row(1)  # 2013-01-02T01:00:00Z,B6,101,1.5,false,1
ROWS = 60


def strict(**changes: Any) -> Contract:
    """The contract of the flights, with more expected of them."""
    columns = {**flights.CONTRACT.columns, **changes.pop("columns", {})}
    return flights.CONTRACT.model_copy(update={"columns": columns, **changes})


def of(name: str, **changes: Any) -> dict[str, Column]:
    """A column of the contract, changed."""
    return {name: flights.CONTRACT.columns[name].model_copy(update=changes)}


def times(**expected: Any) -> Contract:
    return strict(times=Times(column="at", **expected))


def rule(text: str, share: float = 0) -> Contract:
    return strict(rules=(RowRule(rule=text, share=share, why="it is so"),))


def since(**limits: Any) -> Contract:
    return strict(since_last=SinceLast(minimum_rows=10, **limits))


def lines(*rows: str) -> bytes:
    return "\n".join([flights.HEADER, *rows]).encode()


def column(number: int, value: str, rows: int = ROWS) -> bytes:
    """A file in which a column has one value in all rows."""
    cells = [flights.row(n).split(",") for n in range(rows)]
    return lines(*(",".join([*row[:number], value, *row[number + 1 :]]) for row in cells))


def without(name: str) -> bytes:
    place = flights.HEADER.split(",").index(name)
    parts = [line.split(",") for line in flights.csv(ROWS).decode().splitlines()]
    return "\n".join(",".join([*p[:place], *p[place + 1 :]]) for p in parts).encode()


PLAIN = flights.CONTRACT
BEFORE = flights.csv(ROWS, 1000)
KINDS: dict[str, tuple[bytes, Contract, str, str | None, int | None]] = {
    # what the file is
    "nothing in the file": (b"", PLAIN, "EMPTY_FILE", None, 0),
    "only white space": (b" \n\t\n", PLAIN, "EMPTY_FILE", None, 0),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), PLAIN, "NOT_CSV_OR_PARQUET", None, None),
    "a workbook": (b"PK\x03\x04" + bytes(99), PLAIN, "NOT_CSV_OR_PARQUET", None, None),
    "a web page": (b"<html><body>503</body></html>", PLAIN, "NOT_CSV_OR_PARQUET", None, None),
    "UTF-16": (flights.csv().decode().encode("utf-16"), PLAIN, "NOT_CSV_OR_PARQUET", None, None),
    "zero bytes within": (flights.csv(row2="\0" * 9), PLAIN, "NOT_CSV_OR_PARQUET", None, None),
    "half of a Parquet file": (b"PAR1" + bytes(64), PLAIN, "UNREADABLE", None, 68),
    # its header
    "no header": (GOOD.encode() + b"\n" + GOOD.encode(), PLAIN, "NO_HEADER", None, 6),
    "another table": (b"id,price\n1,2\n3,4\n", PLAIN, "NO_HEADER", None, 6),
    "names in capitals": (flights.csv().replace(flights.HEADER.encode(), flights.HEADER.upper().encode()), PLAIN, "NO_HEADER", None, 6),
    "the target is gone": (without("late"), PLAIN, "MISSING_COLUMN", "late", 1),
    "a column that may have gaps is gone": (without("temp"), PLAIN, "MISSING_COLUMN", "temp", 1),
    "a column renamed": (flights.csv().replace(b"temp", b"warmth", 1), PLAIN, "UNKNOWN_COLUMN", "warmth", 1),
    "a column twice": (b"\n".join(line + b"," + line.rsplit(b",", 1)[1] for line in flights.csv().splitlines()), PLAIN, "DUPLICATE_COLUMN", "late", 1),
    "a column too many where none may be": (b"\n".join(line + b",x" for line in flights.csv().splitlines()), strict(unknown_columns="refuse"), "UNKNOWN_COLUMN", "x", 1),
    "5,000 columns": (b"c," * 5000, PLAIN, "TOO_MANY_COLUMNS", None, 5001),
    # its rows
    "only a header": (flights.HEADER.encode(), PLAIN, "TOO_FEW_ROWS", None, 0),
    "two rows": (flights.csv(2), PLAIN, "TOO_FEW_ROWS", None, 2),
    "more rows than a batch has": (flights.csv(30), strict(maximum_rows=20), "TOO_MANY_ROWS", None, 30),
    "a row cut short": (flights.csv(ROWS, row2="2013-01-01,AA"), PLAIN, "FIELD_COUNT", None, 1),
    "a row with a comma in a value": (flights.csv(ROWS, row2=GOOD.replace("B6", "B,6")), PLAIN, "FIELD_COUNT", None, 1),
    "a row in Latin-1": (flights.csv(ROWS).replace(b"AA", b"\xc4\xc4", 1), PLAIN, "INVALID_ENCODING", None, 1),
    "a quote that is never closed": (flights.csv(ROWS, row9=GOOD.replace("B6", '"B6')), PLAIN, "MALFORMED_ROW", None, 1),
    # its values
    "text for a number": (flights.csv(ROWS, row7=GOOD.replace("101", "far")), PLAIN, "WRONG_TYPE", "distance", 1),
    "a fraction for a whole number": (flights.csv(ROWS, row7=GOOD.replace("101", "1.5")), PLAIN, "WRONG_TYPE", "distance", 1),
    "infinity": (flights.csv(ROWS, row7=GOOD.replace("1.5", "inf")), PLAIN, "WRONG_TYPE", "temp", 1),
    "NA for a gap": (flights.csv(ROWS, row7=GOOD.replace("1.5", "NA")), PLAIN, "WRONG_TYPE", "temp", 1),
    "yes for true": (flights.csv(ROWS, row7=GOOD.replace("false", "yes")), PLAIN, "WRONG_TYPE", "on_time", 1),
    "a date of another country": (flights.csv(ROWS, row7=GOOD.replace("2013-01-02T01:00:00Z", "31.1.2013")), PLAIN, "WRONG_TYPE", "at", 1),
    "a gap where none may be": (flights.csv(ROWS, row7=GOOD.replace("101", "")), PLAIN, "MISSING_VALUE", "distance", 1),
    "too many gaps": (column(3, ""), PLAIN, "MISSING_SHARE", "temp", ROWS),
    "more gaps than this column may have": (flights.csv(ROWS), strict(columns=of("temp", missing_share=0.05)), "MISSING_SHARE", "temp", 6),
    "a number too small": (flights.csv(ROWS, row7=GOOD.replace("101", "-1")), PLAIN, "BELOW_MINIMUM", "distance", 1),
    "a number too large": (flights.csv(ROWS, row7=GOOD.replace("101", "99999")), PLAIN, "ABOVE_MAXIMUM", "distance", 1),
    "a new spelling": (flights.csv(ROWS, row7=GOOD.replace("B6", "b6")), PLAIN, "NOT_ALLOWED_VALUE", "carrier", 1),
    "more new values than may be": (flights.csv(ROWS, row7=GOOD.replace("B6", "X1"), row8=GOOD.replace("B6", "X2")), strict(columns=of("carrier", new_share=0.02)), "NOT_ALLOWED_VALUE", "carrier", 2),
    "a text too long": (flights.csv(ROWS, row7=GOOD.replace("B6", "B6B6B6")), strict(columns=of("carrier", allowed=None, longest=3)), "TOO_LONG", "carrier", 1),
    "one value in all rows": (column(2, "500"), strict(columns=of("distance", varies=True)), "CONSTANT_COLUMN", "distance", ROWS),
    "one text in all rows": (column(1, "AA"), strict(columns=of("carrier", varies=True)), "CONSTANT_COLUMN", "carrier", ROWS),
    "a mean under its range": (flights.csv(ROWS), strict(columns=of("distance", mean=Range(minimum=1000))), "MEAN_OUTSIDE", "distance", None),
    "a mean over its range": (flights.csv(ROWS), strict(columns=of("late", mean=Range(maximum=0.3))), "MEAN_OUTSIDE", "late", None),
    # rows against each other
    "a value twice": (flights.csv(ROWS, row7=flights.row(3)), strict(columns=of("distance", unique=True)), "NOT_UNIQUE", "distance", 1),
    "a key twice": (flights.csv(ROWS, row7=flights.row(3)), strict(key=("at", "distance")), "NOT_UNIQUE", None, 1),
    "rows twice": (flights.csv(ROWS) + b"\n".join(flights.csv(ROWS).splitlines()[1:9]), strict(duplicate_share=0.1), "DUPLICATE_ROWS", None, 8),
    # columns against each other
    "columns that contradict each other": (flights.csv(ROWS, row7=GOOD.replace("false,1", "true,1")), rule("late == 0 or not on_time"), "RULE_BROKEN", None, 1),
    "more contradictions than may be": (flights.csv(ROWS), rule("distance < 150", share=0.1), "RULE_BROKEN", None, 10),
    # times
    "times in another time zone": (flights.csv(ROWS), times(hours=tuple(range(23))), "HOUR_OUTSIDE", "at", 2),
    "a time in the future": (flights.csv(ROWS, row7=GOOD.replace("2013", "2031")), times(future_hours=24), "FUTURE_TIME", "at", 1),
    "an old file": (flights.csv(ROWS), times(oldest_days=2), "STALE", "at", None),
    "too short a time": (flights.csv(ROWS), times(span_days=Range(minimum=30)), "SPAN_OUTSIDE", "at", None),
    "too long a time": (flights.csv(ROWS), times(span_days=Range(maximum=20)), "SPAN_OUTSIDE", "at", None),
    "a part of the time missing": (flights.csv(ROWS, row7=GOOD.replace("2013-01", "2013-03")), times(gap_hours=48), "TIME_GAP", "at", 1),
    # this batch against the last
    "far fewer rows": (flights.csv(20), since(row_ratio=Range(minimum=0.5)), "ROW_COUNT_CHANGED", None, 20),
    "far more rows": (flights.csv(200), since(row_ratio=Range(maximum=2)), "ROW_COUNT_CHANGED", None, 200),
    "far more gaps": (flights.csv(ROWS, **{f"row{n}": GOOD.replace("1.5", "") for n in range(1, 6)}), since(missing_change=0.05), "MISSING_SHARE_ROSE", "temp", 11),
    "a mean far from the last": (column(2, "5000"), since(mean_shift=100), "MEAN_SHIFTED", "distance", None),
    "far other shares of levels": (column(1, "AA"), since(level_shift=0.2), "LEVELS_SHIFTED", "carrier", None),
}  # fmt: skip


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Examination]:
    def examined(body: bytes, contract: Contract, before: bytes | None = None) -> Examination:
        file, last = tmp_path / "batch", None
        spec = flights.spec(contract=contract)
        if before is not None:
            file.write_bytes(before)
            last = Last(dataset_version=3, profile=examine(file, spec, now=NOW).profile)
        file.write_bytes(body)
        return examine(file, spec, now=NOW, last=last)

    return examined


@pytest.mark.parametrize("name", KINDS)
def test_bad_data_gives_the_anomaly_of_its_kind(look, name: str):
    body, contract, code, column, count = KINDS[name]
    found = look(body, contract, BEFORE)
    told = [anomaly for anomaly in found.anomalies if anomaly.code.value == code]
    assert told, [anomaly.sentence for anomaly in found.anomalies]
    assert (told[0].column, told[0].count) == (column, count)
    assert all(anomaly.sentence for anomaly in found.anomalies)


def test_there_are_forty_kinds_and_more():
    assert len(KINDS) > 40


def test_every_expectation_that_good_data_keeps_gives_no_anomaly(look):
    contract = strict(
        columns={
            **of("distance", unique=True, varies=True, mean=Range(minimum=100, maximum=200)),
            **of("carrier", longest=2, new_share=0.1, varies=True),
            **of("temp", missing_share=0.2),
        },
        maximum_rows=100,
        key=("at", "distance"),
        duplicate_share=0,
        rules=(RowRule(rule="late == 0 or not on_time"), RowRule(rule="temp < 200")),
        times=Times(
            column="at",
            hours=tuple(range(24)),
            oldest_days=10,
            future_hours=1,
            span_days=Range(minimum=20, maximum=30),
            gap_hours=48,
        ),
        since_last=SinceLast(
            minimum_rows=10,
            row_ratio=Range(minimum=0.9, maximum=1.1),
            missing_change=0.05,
            mean_shift=60,
            level_shift=0.1,
        ),
    )
    found = look(flights.csv(ROWS), contract, BEFORE)
    assert (found.anomalies, found.notices) == ((), ())


def test_new_values_up_to_their_share_are_told_and_let_the_batch_pass(look):
    contract = strict(columns=of("carrier", new_share=0.05))
    found = look(flights.csv(ROWS, row7=GOOD.replace("B6", "X1")), contract)
    assert found.anomalies == ()
    (notice,) = found.notices
    assert (notice.code, notice.count, notice.offenders[0].value) == ("NOT_ALLOWED_VALUE", 1, "X1")


def test_the_values_most_to_blame_are_told_with_how_often_they_occur(look):
    rows = {f"row{n}": GOOD.replace("B6", f"X{n % 3}") for n in range(1, 8)}
    (anomaly,) = look(flights.csv(ROWS, **rows), PLAIN).anomalies
    assert [(one.value, one.rows) for one in anomaly.offenders] == [("X1", 3), ("X0", 2), ("X2", 2)]


def test_numbers_outside_their_range_are_told_too(look):
    rows = {f"row{n}": GOOD.replace("101", "7000") for n in (3, 4)}
    (anomaly,) = look(flights.csv(ROWS, row9=GOOD.replace("101", "9000"), **rows), PLAIN).anomalies
    assert [(one.value, one.rows) for one in anomaly.offenders] == [("7000", 2), ("9000", 1)]


def test_the_levels_that_moved_most_are_told_with_how_far(look):
    (anomaly,) = look(column(1, "AA"), since(level_shift=0.2), BEFORE).anomalies
    told = [example.value for example in anomaly.examples]
    assert told == ["AA: 33.3 % → 100 %", "B6: 33.3 % → 0 %", "UA: 33.3 % → 0 %"]


@pytest.mark.parametrize("personal", [True, False])
def test_a_gap_is_told_with_its_hours_unless_times_are_personal(look, personal):
    body = lines(*(f"2013-01-0{day}T12:30:00Z,AA,100,1,true,0" for day in (1, 2, 5)))
    expected = times(gap_hours=30)
    contract = expected.model_copy(
        update={"columns": {**expected.columns, **of("at", personal=personal)}}
    )
    (gap,) = look(body, contract).anomalies
    told = [] if personal else ["2013-01-02T13:00Z to 2013-01-05T12:00Z"]
    assert [example.value for example in gap.examples] == told


def test_small_batches_are_not_compared(look):
    contract = since(row_ratio=Range(minimum=0.9))
    assert look(flights.csv(5), contract, BEFORE).anomalies == ()


def test_a_missing_column_is_told_once_whatever_else_is_expected_of_it(look):
    contract = strict(
        columns=of("at", unique=True), key=("at",), rules=(RowRule(rule="hour(at) < 30"),),
        times=Times(column="at", span_days=Range(minimum=1)), duplicate_share=0.5,
    )  # fmt: skip
    assert [a.code.value for a in look(without("at"), contract).anomalies] == ["MISSING_COLUMN"]


def test_times_that_are_all_missing_are_not_judged(look):
    expected = times(
        hours=(1,), oldest_days=1, future_hours=0, span_days=Range(minimum=9), gap_hours=1
    )
    contract = expected.model_copy(
        update={"columns": {**expected.columns, **of("at", nullable=True)}, "missing_share": 1.0}
    )
    assert look(column(0, "", rows=9), contract).anomalies == ()


def test_all_times_within_one_hour_leave_no_gap(look):
    assert (
        look(flights.csv(3, row2=flights.row(0), row3=flights.row(0)), times(gap_hours=1)).anomalies
        == ()
    )


def test_a_column_of_another_type_than_before_is_not_compared(look):
    before = strict(columns={"distance": Column(type=ColumnType.string)})
    contract = since(mean_shift=0.1, missing_change=0, level_shift=0)
    last = Last(profile=look(flights.csv(ROWS), before).profile)
    profile = look(column(2, "600"), contract).profile
    assert list(changed(contract, profile, last)) == []


def test_a_new_nullable_column_is_awaited_unless_another_name_may_mean_it(look):
    gate = Column(type=ColumnType.string, nullable=True)
    contract = strict(columns={"gate": gate})
    last = Last(profile=look(flights.csv(ROWS), PLAIN).profile)
    header = flights.HEADER.split(",")
    told = check_header(header, contract, target="late", last=last)
    assert [notice.column for notice in told.notices] == ["gate"]
    told = check_header([*header, "Gate"], contract, target="late", last=last)
    assert [anomaly.code.value for anomaly in told.anomalies] == [
        "MISSING_COLUMN",
        "UNKNOWN_COLUMN",
    ]


@pytest.mark.parametrize("personal", [True, False])
def test_the_mean_of_a_personal_column_is_not_told(look, personal):
    changes = {"mean": Range(minimum=1000), "personal": personal}
    anomalies = [
        *unexpected(
            strict(columns=of("distance", **changes)), look(flights.csv(ROWS), PLAIN).profile
        )
    ]
    assert ("129.5" in anomalies[0].sentence) is not personal


def test_names_in_a_file_without_header_are_not_repeated_where_a_column_is_personal(look):
    secret = strict(columns=of("carrier", personal=True), unknown_columns="refuse")
    body = b"late,MARY SMITH,a@b.example\n1,2,3\n"
    said = " ".join(str(anomaly) for anomaly in look(body, secret).anomalies)
    assert "UNKNOWN_COLUMN" in said.upper()
    assert "MARY" not in said


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tail=st.text(alphabet=st.sampled_from('",\n\r;\0ä 0aN-.:TZ19'), max_size=200),
    data=st.data(),
)
def test_no_text_whatever_crashes_a_contract_that_expects_everything(look, tail, data):
    body = bytearray(flights.csv(12) + tail.encode())
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(body)))
        body[start : start + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    everything = strict(
        columns={
            **of("distance", unique=True, varies=True, mean=Range(minimum=1)),
            **of("carrier", longest=2),
        },
        key=("at",),
        duplicate_share=0.1,
        rules=(RowRule(rule="late == 0 or distance / late > hour(at) % 7 and carrier != 'x'"),),
        times=Times(
            column="at",
            hours=(1, 2),
            oldest_days=1,
            future_hours=0,
            span_days=Range(minimum=1),
            gap_hours=1,
        ),
        since_last=SinceLast(
            minimum_rows=1,
            row_ratio=Range(minimum=1),
            missing_change=0,
            level_shift=0,
            mean_shift=1,
        ),
    )
    found = look(bytes(body), everything, flights.csv(12))
    assert found.anomalies
    assert all(anomaly.sentence for anomaly in found.anomalies)
