"""What the reading engine and the contract's rules make of files, good and bad."""

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from arro3.core import Array, DataType, RecordBatch, list_array
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import flights
from trimtab.data.examine import examine, examine_as_json
from trimtab.domain.anomalies import EXAMPLES, Anomaly, AnomalyCode
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import Contract
from trimtab.domain.examination import Examination, Question

SPEC = flights.spec()
NOW = datetime(2013, 2, 1, tzinfo=UTC)
GOOD = flights.row(1)


@pytest.fixture
def look(tmp_path: Path):
    def examined(body: bytes, spec=SPEC) -> Examination:
        file = tmp_path / "batch"
        file.write_bytes(body)
        return examine(file, spec, now=NOW)

    return examined


@pytest.fixture
def look_here(tmp_path: Path):
    """Examines Parquet in this process, which a sound file does no harm; a process apart costs 0.3 s."""

    def examined(body: bytes) -> Examination:
        file = tmp_path / "batch"
        file.write_bytes(body)
        question = Question(spec=SPEC, now=NOW).model_dump_json()
        return Examination.model_validate_json(examine_as_json(str(file), question))

    return examined


def codes(found: Examination) -> list[str]:
    return [anomaly.code.value for anomaly in found.anomalies]


def only(found: Examination) -> Anomaly:
    (anomaly,) = found.anomalies
    return anomaly


def test_a_good_csv_has_rows_a_profile_and_no_anomaly(look):
    found = look(flights.csv(20))
    assert (found.format, found.rows, found.anomalies) == ("csv", 20, ())
    assert found.profile.rows == 20
    assert found.profile.columns["temp"].missing == 2
    assert found.profile.columns["distance"].mean == 109.5
    assert found.profile.columns["carrier"].levels == {"AA": 7, "B6": 7, "UA": 6}
    assert found.profile.columns["on_time"].levels == {"false": 10, "true": 10}


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + flights.csv(),
        flights.csv().replace(b"\n", b"\r\n"),
        flights.csv().rstrip(b"\n"),
        flights.csv().replace(b"\n", b"\n\n"),
        flights.csv(row3='2013-01-03T00:00:00Z,"AA",100,"",true,0'),
        flights.csv(row3="2013-01-03 00:00:00,AA,1e2,NaN,True,0.0"),
    ],
    ids=[
        "byte order mark",
        "CRLF",
        "no last newline",
        "blank lines",
        "quotes",
        "pandas' spellings",
    ],
)
def test_ways_to_write_the_same_csv_are_all_read(look, body):
    found = look(body)
    assert (found.rows, found.anomalies) == (10, ())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b" \n\n", "EMPTY_FILE"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "NOT_CSV_OR_PARQUET"),
        (b"PK\x03\x04 a workbook", "NOT_CSV_OR_PARQUET"),
        (b"\x1f\x8b\x08 gzip", "UNREADABLE"),
        (gzip.compress(gzip.compress(flights.csv(), mtime=0), mtime=0), "NOT_CSV_OR_PARQUET"),
        (gzip.compress(flights.csv(), mtime=0)[:-20], "UNREADABLE"),
        (gzip.compress(flights.csv(), mtime=0) + b"more", "UNREADABLE"),
        (gzip.compress(b"", mtime=0), "EMPTY_FILE"),
        (b'[{"at": "2013-01-01", "late": 1}]\n', "NOT_CSV_OR_PARQUET"),
        (b'{"at": "2013-01-01", "late": 1}\n', "MISSING_COLUMN"),
        (b"<html><body>not found</body></html>", "NOT_CSV_OR_PARQUET"),
        (flights.csv().decode().encode("utf-16"), "NOT_CSV_OR_PARQUET"),
        (flights.csv(row2="\0" * 9), "NOT_CSV_OR_PARQUET"),
        (b"just some words\nand more\n", "NO_HEADER"),
        (GOOD.encode(), "NO_HEADER"),
        (b'"' + b"x" * 200_000, "UNREADABLE"),
        (b"x" * (2 << 20), "UNREADABLE"),
        (b"," * 5000, "TOO_MANY_COLUMNS"),
        (flights.HEADER.encode(), "TOO_FEW_ROWS"),
        (flights.csv(2), "TOO_FEW_ROWS"),
        (flights.csv(row2="2013-01-01,AA"), "FIELD_COUNT"),
        (flights.csv(row2=GOOD + ",more"), "FIELD_COUNT"),
        (flights.csv().replace(b"AA", b"\xc4\xc4", 1), "INVALID_ENCODING"),
        (flights.csv(row9='2013-01-01,"AA,100,1.0,true,0'), "MALFORMED_ROW"),
    ],
)
def test_what_cannot_be_read_is_named(look, body, code):
    found = look(body)
    assert code in codes(found)
    assert all(anomaly.sentence for anomaly in found.anomalies)


def test_a_missing_target_is_called_the_target(look):
    body = b"\n".join(line.rpartition(b",")[0] for line in flights.csv().splitlines())
    anomaly = only(look(body))
    assert (anomaly.code, anomaly.column) == (AnomalyCode.missing_column, "late")
    assert anomaly.sentence == "column late, the target, is missing; the contract asks for it"


def test_unknown_and_doubled_columns_are_named(look):
    refusing = flights.CONTRACT.model_copy(update={"unknown_columns": "refuse"})
    lines = flights.csv().decode().splitlines()
    wider = [f"{lines[0]},late,gate", *(f"{line},0,B{i}" for i, line in enumerate(lines[1:]))]
    found = look("\n".join(wider).encode(), flights.spec(contract=refusing))
    assert codes(found) == ["UNKNOWN_COLUMN", "DUPLICATE_COLUMN"]
    assert found.anomalies[0].sentence == "1 column is not in the contract: gate"
    assert found.anomalies[1].examples[0].value == "late"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("carrier", " Carrier"),
        (flights.HEADER, flights.HEADER.upper()),
        (flights.HEADER, flights.HEADER.replace(",", ";")),
        (flights.HEADER, flights.HEADER.replace(",", "\t")),
    ],
)
def test_a_header_that_is_nearly_right_is_told_what_is_wrong_with_it(look, right, wrong):
    contract = flights.CONTRACT.model_copy(update={"separator": "comma"})
    body = flights.csv().replace(right.encode(), wrong.encode(), 1)
    found = look(body, flights.spec(contract=contract))
    assert re.search(
        r"1 column is not in the contract: ' Carrier' \(meant: 'carrier'\?\)"
        r"|names are compared as they are written"
        r"|columns are separated by commas, not by (semicolons|tabs)",
        " ".join(anomaly.sentence for anomaly in found.anomalies),
    )


def test_a_header_with_commas_is_told_the_separator_that_the_contract_pins(look):
    contract = flights.CONTRACT.model_copy(update={"separator": "semicolon"})
    [told] = look(flights.csv(), flights.spec(contract=contract)).anomalies
    assert told.sentence.endswith("columns are separated by semicolons, not by commas")


def test_many_unknown_columns_are_one_anomaly(look):
    extra = ",".join(f"x{i}" for i in range(30))
    found = look(f"{flights.HEADER},{extra}\n".encode())
    (unknown,) = found.notices
    assert (unknown.count, len(unknown.examples), unknown.column) == (30, EXAMPLES, None)
    assert "x0, x1, x2, x3, x4, …" in unknown.sentence


@pytest.mark.parametrize(
    ("line", "code", "column", "value"),
    [
        ("31.1.2013,AA,100,1,true,0", "WRONG_TYPE", "at", "31.1.2013"),
        (",AA,100,1,true,0", "MISSING_VALUE", "at", None),
        ("2013-01-01,ZZ,100,1,true,0", "NOT_ALLOWED_VALUE", "carrier", "ZZ"),
        ("2013-01-01,AA,far,1,true,0", "WRONG_TYPE", "distance", "far"),
        ("2013-01-01,AA,100.5,1,true,0", "WRONG_TYPE", "distance", "100.5"),
        ("2013-01-01,AA,9,1,true,0", "BELOW_MINIMUM", "distance", "9"),
        ("2013-01-01,AA,100,130.5,true,0", "ABOVE_MAXIMUM", "temp", "130.5"),
        ("2013-01-01,AA,100,inf,true,0", "WRONG_TYPE", "temp", "inf"),
        ("2013-01-01,AA,100,NA,true,0", "WRONG_TYPE", "temp", "NA"),
        ("2013-01-01,AA,100,1,yes,0", "WRONG_TYPE", "on_time", "yes"),
    ],
)
def test_a_broken_rule_is_named_with_row_and_value(look, line, code, column, value):
    anomaly = only(look(flights.csv(row7=line)))
    assert (anomaly.code.value, anomaly.column, anomaly.count) == (code, column, 1)
    assert (anomaly.share, anomaly.limit) == (0.1, 0)
    assert [(e.row, e.value) for e in anomaly.examples] == [(7, value)]
    assert anomaly.sentence.startswith(f"{column}: 1 of 10 rows (10 %) ")
    assert anomaly.sentence.endswith(", first in row 7")


def test_a_sentence_holds_no_value_of_the_data(look):
    anomaly = only(look(flights.csv(row7="2013-01-01,SECRET,100,1,true,0")))
    assert "SECRET" not in anomaly.sentence


def test_too_many_missing_values_are_told_with_share_and_limit(look):
    gaps: dict[str, Any] = {f"row{i}": "2013-01-01,AA,100,,true,0" for i in (1, 2, 3)}
    anomaly = only(look(flights.csv(10, **gaps)))
    assert anomaly.code is AnomalyCode.missing_share
    assert (anomaly.count, anomaly.share, anomaly.limit) == (4, 0.4, 0.25)
    assert "at most 25 % may have none" in anomaly.sentence


def test_only_the_first_twenty_offending_values_are_repeated_and_long_ones_cut(look):
    bad: dict[str, Any] = {f"row{i}": f"2013-01-01,{'Z' * 500},100,1,true,0" for i in range(1, 41)}
    anomaly = only(look(flights.csv(60, **bad)))
    assert (anomaly.count, len(anomaly.examples)) == (40, EXAMPLES)
    assert len(anomaly.examples[0].value or "") == 100


def test_rows_that_cannot_be_read_do_not_hide_the_others(look):
    found = look(flights.csv(row3="cut,off", row5="2013-01-01,ZZ,100,1,true,0", row6=GOOD + ",x"))
    assert codes(found) == ["FIELD_COUNT", "NOT_ALLOWED_VALUE"]
    assert [e.row for e in found.anomalies[0].examples] == [3, 6]
    assert found.anomalies[0].examples[0].value == "2 fields: cut,off"
    assert found.anomalies[1].examples[0].row == 5


def test_row_numbers_hold_over_many_blocks_and_after_a_broken_row(look):
    body = flights.csv(40_000, row20000="2013-01-01,ZZ,100,1,true,0", row30000="short")
    found = look(body.replace(b",1010", b",10").replace(b",10099,", b",99,"))
    by_code = {anomaly.code.value: anomaly for anomaly in found.anomalies}
    assert by_code["NOT_ALLOWED_VALUE"].examples[0].row == 20_000
    assert by_code["FIELD_COUNT"].examples[0].row == 30_000


def test_an_unclosed_quote_does_not_swallow_the_rest_of_the_file(look):
    found = look(flights.csv(row4='2013-01-01,AA,100,1,true,"0'))
    assert "MALFORMED_ROW" in codes(found)


@pytest.mark.parametrize(
    ("column", "array"),
    [
        ("distance", Array(["a", "b", None, "d", "e", "f"], type=DataType.string())),
        ("distance", Array([True] * 6, type=DataType.bool())),
        ("carrier", Array([1] * 6, type=DataType.int64())),
        ("carrier", Array([b"AA"] * 6, type=DataType.binary())),
        ("at", Array([5] * 6, type=DataType.int64())),
        ("on_time", Array([1.0] * 6, type=DataType.float64())),
        ("on_time", Array([7] * 6, type=DataType.int8())),
    ],
)
def test_a_parquet_column_of_another_type_is_wrong_in_every_row(look_here, tmp_path, column, array):
    found = look_here(flights.parquet(tmp_path / "p", **{**flights.columns(), column: array}))
    wrong = next(a for a in found.anomalies if a.code is AnomalyCode.wrong_type)
    assert (wrong.column, wrong.count) == (column, 6 - array.null_count)


def test_nested_columns_of_parquet_are_wrong_in_every_row(look_here, tmp_path):
    pairs = RecordBatch.from_pydict({"a": Array(range(6), type=DataType.int64())})
    lists = list_array(Array(range(7), DataType.int32()), Array(range(6), DataType.int64()))
    columns = {**flights.columns(), "carrier": pairs.to_struct_array(), "distance": lists}
    found = look_here(flights.parquet(tmp_path / "p", **columns))
    assert codes(found) == ["WRONG_TYPE", "WRONG_TYPE"]
    assert [(a.column, a.count) for a in found.anomalies] == [("carrier", 6), ("distance", 6)]


def test_dictionary_encoded_columns_of_parquet_are_read(look_here, tmp_path):
    columns = flights.columns()
    spelled = Array(["AA", "B6", "AA", "UA", "AA", "B6"], type=DataType.string())
    columns["carrier"] = spelled.cast(DataType.dictionary(DataType.int32(), DataType.string()))
    assert look_here(flights.parquet(tmp_path / "p", **columns)).anomalies == ()


def test_a_parquet_file_that_was_cut_off_is_unreadable(look_here, tmp_path):
    body = flights.parquet(tmp_path / "p", **flights.columns())
    assert codes(look_here(body[: len(body) // 2])) == ["UNREADABLE"]


def test_parquet_with_too_many_columns_is_refused(look_here, tmp_path):
    one = Array([1], type=DataType.int8())
    body = flights.parquet(tmp_path / "p", **{f"c{i}": one for i in range(4_097)})
    assert codes(look_here(body)) == ["TOO_MANY_COLUMNS"]


def test_dates_that_no_calendar_has_are_wrong_and_still_shown(look_here, tmp_path):
    far = Array([2**31 - 1] * 6, type=DataType.int32()).cast(DataType.date32())
    wrong = only(look_here(flights.parquet(tmp_path / "p", **{**flights.columns(), "at": far})))
    assert (wrong.code, wrong.count) == (AnomalyCode.wrong_type, 6)


anything = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@anything
@given(body=st.binary(max_size=400))
def test_no_bytes_whatever_crash_the_validator(look, body):
    assert look(body).anomalies


@anything
@given(tail=st.text(alphabet=st.sampled_from('",\n\r;\0ä 0aN-.'), max_size=200))
def test_no_text_below_a_good_header_crashes_the_validator(look, tail):
    found = look(f"{flights.HEADER}\n{tail}".encode())
    assert found.anomalies


@anything
@given(data=st.data())
def test_no_damage_to_a_good_csv_crashes_the_validator(look, data):
    body = bytearray(flights.csv(5))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = min(len(body), start + data.draw(st.integers(0, 6)))
        body[start:end] = data.draw(st.binary(max_size=6))
    look(bytes(body))


WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)


@anything
@given(
    values=st.lists(
        st.one_of(st.floats(), st.integers(-(10**20), 10**20), WORDS, st.none()),
        min_size=1,
        max_size=30,
    ),
    type_=st.sampled_from(ColumnType),
)
def test_every_cell_is_missing_or_wrong_or_a_value(look, values, type_):
    columns = {"x": Column(type=type_, nullable=True), "late": Column(type=ColumnType.integer)}
    contract = Contract(columns=columns, missing_share=1)
    cells = ["" if v is None else '"' + str(v).replace('"', '""') + '"' for v in values]
    text = "x,late\n" + "\n".join(f"{cell},1" for cell in cells)
    found = look(text.encode(), flights.spec(contract=contract))
    x = found.profile.columns["x"]
    wrong = sum(a.count or 0 for a in found.anomalies if a.code is AnomalyCode.wrong_type)
    assert x.missing >= sum(v is None for v in values)
    if x.levels is not None:
        assert x.missing + wrong + sum(x.levels.values()) == x.count == found.rows
