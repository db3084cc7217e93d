"""Whatever a person uploads is read alike: the same rows give the same profile, in every format and dialect."""

import csv as stdlib_csv
import gzip
import io
import json
from datetime import UTC, datetime
from functools import reduce
from itertools import permutations
from pathlib import Path

import pytest
from arro3.core import Array, DataType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import flights
from trimtab.data.blocks import Unreadable
from trimtab.data.examine import examine
from trimtab.data.source import open_source
from trimtab.data.text import Meter
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import Contract
from trimtab.domain.dialect import Dialect
from trimtab.domain.examination import Examination
from trimtab.domain.profile import Profile

NOW = datetime(2013, 2, 1, tzinfo=UTC)
LINES = flights.csv(40).decode().splitlines()
ROWS = [line.split(",") for line in LINES]
HEADER, VALUES = ROWS[0], ROWS[1:]
HEADERLESS = flights.CONTRACT.model_copy(update={"header": False})


@pytest.fixture
def look(tmp_path: Path):
    def examined(body: bytes, contract: Contract = flights.CONTRACT) -> Examination:
        file = tmp_path / "batch"
        file.write_bytes(body)
        return examine(file, flights.spec(contract=contract), now=NOW)

    return examined


def written(rows, **dialect) -> bytes:
    text = io.StringIO(newline="")
    stdlib_csv.writer(text, **{"lineterminator": "\n", **dialect}).writerows(rows)
    return text.getvalue().encode()


def objects(**replaced) -> list[dict]:
    made = []
    for row in VALUES:
        at, carrier, distance, temp, on_time, late = row
        values = {
            "at": at,
            "carrier": carrier,
            "distance": int(distance),
            "temp": temp and float(temp),
        }
        values["temp"] = values["temp"] or None
        made.append({**values, "on_time": on_time == "true", "late": int(late), **replaced})
    return made


def json_lines(rows, **how) -> bytes:
    return "".join(json.dumps(row, **how) + "\n" for row in rows).encode()


def codes(found: Examination) -> list[str]:
    return [anomaly.code.value for anomaly in found.anomalies]


BOM = b"\xef\xbb\xbf"
SAME = {
    "semicolons": written(ROWS, delimiter=";"),
    "tabs": written(ROWS, delimiter="\t"),
    "bars": written(ROWS, delimiter="|"),
    "everything quoted": written(ROWS, quoting=stdlib_csv.QUOTE_ALL),
    "semicolons, quoted, byte order mark": BOM
    + written(ROWS, delimiter=";", quoting=stdlib_csv.QUOTE_ALL),
    "old Macintosh lines": written(ROWS, lineterminator="\r"),
    "columns in another order": written([row[::-1] for row in ROWS]),
    "gzip": gzip.compress(written(ROWS)),
    "gzip with byte order mark": gzip.compress(BOM + written(ROWS, delimiter="\t")),
    "gzip of two members": gzip.compress(written(ROWS[:20])) + gzip.compress(written(ROWS[20:])),
    "JSON lines": json_lines(objects()),
    "JSON lines, gzip": gzip.compress(json_lines(objects())),
    "JSON lines, byte order mark": BOM + json_lines(objects()),
    "JSON lines, narrow": json_lines(objects(), separators=(",", ":")),
    "JSON lines, keys sorted": json_lines(objects(), sort_keys=True),
    "JSON lines without nulls": json_lines(
        [{k: v for k, v in row.items() if v is not None} for row in objects()]
    ),
    "JSON lines of texts": json_lines([dict(zip(HEADER, row, strict=True)) for row in VALUES]),
    "JSON lines, blank lines": json_lines(objects()).replace(b"\n", b"\n\n"),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_rows_give_the_same_profile_however_they_are_written(look, name):
    expected, found = look(flights.csv(40)), look(SAME[name])
    assert found.anomalies == ()
    assert found.profile.model_dump_json() == expected.profile.model_dump_json()


def as_parquet(path: Path, rows: slice = slice(None)) -> bytes:
    """The same rows as Parquet, with Parquet's own types."""
    made = objects()[rows]
    kinds = {
        "at": DataType.string(),
        "carrier": DataType.string(),
        "distance": DataType.int32(),
        "temp": DataType.float64(),
        "on_time": DataType.bool(),
        "late": DataType.int8(),
    }
    columns = {name: Array([row[name] for row in made], type=kind) for name, kind in kinds.items()}
    columns["at"] = columns["at"].cast(DataType.timestamp("us", tz="UTC"))
    return flights.parquet(path, **columns)


def test_four_formats_of_the_same_rows_give_the_same_bits_in_any_parts_and_order(look, tmp_path):
    """Parts in every format, taken twice or not, put together as one Lambda, many or Spark would."""
    expected = look(flights.csv(40)).profile
    assert look(as_parquet(tmp_path / "p")).profile.model_dump_json() == expected.model_dump_json()
    parts = {
        "parquet": as_parquet(tmp_path / "p", slice(0, 7)),
        "jsonl": json_lines(objects()[7:19]),
        "csv.gz": gzip.compress(written([HEADER, *VALUES[19:20]])),
        "csv": written([HEADER, *VALUES[20:]], delimiter=";"),
    }
    loose = flights.CONTRACT.model_copy(update={"minimum_rows": 1})
    profiles = {name: look(body, loose).profile for name, body in parts.items()}
    profiles["csv"] = look(parts["csv"], loose).profile  # an event that came twice changes nothing
    for order in permutations(profiles.values()):
        merged = reduce(Profile.merge, order)
        assert merged.model_dump_json() == expected.model_dump_json()


def test_the_dialect_that_was_found_is_told(look):
    assert look(SAME["semicolons"]).dialect == Dialect(separator=";")
    assert look(SAME["JSON lines"]).dialect is None
    assert (look(SAME["gzip"]).format, look(SAME["JSON lines, gzip"]).format) == ("csv", "jsonl")


def test_a_file_without_header_is_named_by_the_contracts_order(look):
    expected = look(flights.csv(40))
    for body in (written(VALUES), BOM + written(VALUES, delimiter=";"), written(ROWS)):
        found = look(body, HEADERLESS)
        assert (found.rows, found.anomalies) == (40, ())
        assert found.profile == expected.profile
    assert found.dialect == Dialect(separator=",")  # a header that is there after all is one
    assert look(written(VALUES), HEADERLESS).dialect == Dialect(separator=",", header=False)


def test_a_file_without_header_and_with_other_fields_is_refused_row_by_row(look):
    found = look(written([row[:-1] for row in VALUES]), HEADERLESS)
    assert codes(found) == ["FIELD_COUNT", "TOO_FEW_ROWS"] or "FIELD_COUNT" in codes(found)
    assert "than the contract's 6 columns" in found.anomalies[0].sentence


def test_single_quotes_are_read_where_they_are_said(tmp_path):
    file = tmp_path / "quoted"
    file.write_bytes(b"a;b\n'x;y';1\n'it''s';2\n")
    source = open_source(file, dialect=Dialect(quote="'"))
    (block,) = source.blocks
    assert block.cells("a", ColumnType.string).levels == ("x;y", "it's")


def test_without_a_contract_every_column_is_read_and_the_separator_seen(tmp_path):
    file = tmp_path / "any"
    file.write_bytes(b"1;2,5;3\n4;5,5;6\n")
    source = open_source(file, dialect=Dialect(header=False))
    assert source.header == ("column_1", "column_2", "column_3")
    (block,) = source.blocks
    assert block.cells("column_2", ColumnType.string).levels == ("2,5", "5,5")
    file.write_bytes(json_lines([{"a": 1, "b": "x"}, {"c": True}]))
    source = open_source(file)
    (block,) = source.blocks
    assert source.names == ("a", "b", "c")
    assert block.cells("a", ColumnType.integer).missing.tolist() == [False, True]


def test_lines_that_grow_long_further_down_are_read_all_the_same(look):
    long = [f"2013-01-01,AA,100,1.0,true,{'0' * 9_000}1" for _ in range(9_000)]
    body = "\n".join([flights.HEADER, *(flights.row(i) for i in range(20_000)), *long]).encode()
    contract = Contract(
        columns={**flights.CONTRACT.columns, "distance": Column(type=ColumnType.integer)}
    )
    found = look(body, contract)
    assert (found.rows, codes(found)) == (29_000, [])


@pytest.mark.parametrize(
    ("line", "code", "row"),
    [
        (b"{not json}", "MALFORMED_ROW", 3),
        (b"[1, 2]", "MALFORMED_ROW", 3),
        (b'{"at": "\xff"}', "INVALID_ENCODING", 3),
        (b'{"carrier": "AA"} {"carrier": "AA"}', "MALFORMED_ROW", 3),
        (b"[" * 5_000, "MALFORMED_ROW", 3),
        (json_lines(objects(distance="far"))[:100].split(b"\n")[0], "MALFORMED_ROW", 3),
        (json_lines(objects(distance="far")).split(b"\n")[0], "WRONG_TYPE", 3),
        (json_lines(objects(distance=True)).split(b"\n")[0], "WRONG_TYPE", 3),
        (json_lines(objects(distance=[1])).split(b"\n")[0], "WRONG_TYPE", 3),
        (json_lines(objects(carrier=5)).split(b"\n")[0], "WRONG_TYPE", 3),
        (json_lines(objects(at=20130101)).split(b"\n")[0], "WRONG_TYPE", 3),
        (json_lines(objects(on_time=1.0)).split(b"\n")[0], "WRONG_TYPE", 3),
        (json_lines(objects(carrier="ZZ")).split(b"\n")[0], "NOT_ALLOWED_VALUE", 3),
        (json_lines(objects(at=None)).split(b"\n")[0], "MISSING_VALUE", 3),
        (json_lines(objects(at="")).split(b"\n")[0], "MISSING_VALUE", 3),
        (b'{"temp": 1}', "MISSING_VALUE", 3),
        (json_lines(objects(carrier="\ud800")).split(b"\n")[0], "NOT_ALLOWED_VALUE", 3),
    ],
)
def test_what_is_wrong_with_a_json_line_is_named_with_its_row(look, line, code, row):
    lines = json_lines(objects()).splitlines()
    lines[2] = line
    found = look(b"\n".join(lines))
    named = next(anomaly for anomaly in found.anomalies if anomaly.code.value == code)
    assert (named.count, named.examples[0].row) == (1, row)


@pytest.mark.parametrize(
    "spelt", ["1", "-1.5e3", "NaN", "Infinity", "01", "1e400", '"1"', '" 1"', '""']
)
def test_a_number_of_json_is_read_as_the_same_text_of_csv(look, spelt):
    contract = Contract(
        columns={
            "x": Column(type=ColumnType.number, nullable=True),
            "late": Column(type=ColumnType.integer),
        }
    )
    as_csv = look(f"x,late\n{spelt},1\n2,1\n".encode(), contract)
    as_json = look(f'{{"x": {spelt}, "late": 1}}\n{{"x": 2, "late": 1}}\n'.encode(), contract)
    if spelt == "01":
        assert codes(as_json) == [
            "MALFORMED_ROW"
        ]  # no reader of JSON takes it, and training would stop
        return
    assert as_json.profile == as_csv.profile
    assert codes(as_json) == codes(as_csv)


def test_keys_that_only_later_lines_have_are_seen(look):
    rows = objects() * 30  # more lines than the header is taken from
    rows[1100] = {**rows[1100], "gate": "B1"}
    rows[1101] = {("Carrier" if k == "carrier" else k): v for k, v in rows[1101].items()}
    found = look(json_lines(rows))
    assert codes(found) == ["MISSING_VALUE"]
    assert found.anomalies[0].examples[0].row == 1102
    (told,) = found.notices
    assert {example.value for example in told.examples} == {"Carrier", "gate"}


def test_a_column_that_no_line_has_is_missing_once(look):
    rows = [{k: v for k, v in row.items() if k != "temp"} for row in objects()]
    assert codes(look(json_lines(rows))) == ["MISSING_COLUMN"]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(look):
    found = look(json_lines(objects()) + b'{"at": "' + b"x" * (70 << 20))
    assert codes(found) == ["ROW_TOO_LONG"]


def test_gzip_that_breaks_off_further_down_is_unreadable(look):
    body = gzip.compress(flights.csv(200_000), compresslevel=1)
    found = look(body[: len(body) * 3 // 4], flights.CONTRACT)
    assert "UNREADABLE" in codes(found)
    assert found.rows > 0


def test_a_file_of_too_many_bytes_for_its_gzip_is_refused():
    meter = Meter(io.BytesIO(b"x" * 2_000), quote=b'"', limit=1 << 20, most=1_500)
    with pytest.raises(Unreadable, match="decompresses to more than"):
        meter.read(1_000)


anything = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@anything
@given(data=st.data())
def test_no_damage_to_json_lines_or_gzip_crashes_the_validator(look, data):
    body = bytearray(json_lines(objects()))
    if data.draw(st.booleans()):
        body = bytearray(gzip.compress(bytes(body), mtime=0))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = min(len(body), start + data.draw(st.integers(0, 6)))
        body[start:end] = data.draw(st.binary(max_size=6))
    look(bytes(body))


@pytest.mark.parametrize(("nul", "code"), [("\\u0000", "WRONG_TYPE"), ("\0", "NOT_CSV_OR_PARQUET")])
def test_a_value_with_a_nul_is_told_and_stops_nothing(look, nul, code):
    columns = {"x": Column(type=ColumnType.number), "late": Column(type=ColumnType.integer)}
    body = f'{{"x": {{"{nul}": 1}}, "late": 1}}\n{{"x": 2, "late": 0}}\n'
    found = look(body.encode(), Contract(columns=columns))
    assert codes(found) == [code]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@anything
@given(values=st.lists(JSON, min_size=1, max_size=20), type_=st.sampled_from(ColumnType))
def test_every_value_of_json_is_missing_or_wrong_or_a_value(look, values, type_):
    contract = Contract(
        columns={"x": Column(type=type_, nullable=True), "late": Column(type=ColumnType.integer)},
        missing_share=1,
    )
    found = look(json_lines([{"x": value, "late": 1} for value in values]), contract)
    assert found.rows == len(values)
    x = found.profile.columns["x"]
    wrong = sum(a.count or 0 for a in found.anomalies if a.code.value == "WRONG_TYPE")
    assert x.missing >= sum(value is None for value in values)
    if x.levels is not None:
        assert x.missing + wrong + sum(x.levels.values()) == x.count == found.rows
