"""A file that is read in parts is found to be what it is when read whole, however it is cut."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import flights
from trimtab.data.blocks import Unreadable
from trimtab.data.examine import examine, examined
from trimtab.data.parts import Part, parts_of, read_part
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import Contract, RowRule, Times
from trimtab.domain.examination import Examination, Question

NOW = datetime(2013, 2, 1, tzinfo=UTC)
STRICT = Contract(
    columns={
        "at": Column(type=ColumnType.datetime),
        "carrier": Column(type=ColumnType.string, allowed=("AA", "B6")),
        "distance": Column(type=ColumnType.integer, maximum=130, unique=True),
        "temp": Column(type=ColumnType.number, nullable=True),
        "on_time": Column(type=ColumnType.boolean),
        "late": Column(type=ColumnType.integer),
    },
    rules=(RowRule(rule="late == 0 or distance > 150"),),
    duplicate_share=0.0,
    times=Times(column="at", gap_hours=2, future_hours=0, hours=tuple(range(20))),
    minimum_rows=3,
)


def in_parts(path: Path, question: Question, size: int, scratch: Path) -> Examination:
    """Examine a file part by part, and put together what was found."""
    parts = parts_of(path, question, size)
    assert parts is not None
    return examined([read_part(path, part, question, scratch) for part in parts], question)


def quoted(rows: int) -> bytes:
    """Rows whose text holds separators, quotes and ends of lines."""
    lines = ['"at","carrier","distance","temp","on_time","late"']
    for number in range(rows):
        at, _, *rest = flights.row(number).split(",")
        lines.append(",".join([at, f'"a ""b"",\n{number % 3}\r\n,"', *rest]))
    return "\n".join(lines).encode()


def json_lines(rows: int) -> bytes:
    names = flights.HEADER.split(",")
    lines = []
    for number in range(rows):
        values = dict(zip(names, flights.row(number).split(","), strict=True))
        late = {"late": number % 2} if number > 7 else {}
        lines.append(json.dumps({**values, "temp": None, **late}))
    return "\n".join(lines).encode()


FILES = {
    "csv": flights.csv(60),
    "windows": flights.csv(60).replace(b"\n", b"\r\n"),
    "mark": b"\xef\xbb\xbf" + flights.csv(40),
    "quoted": quoted(50),
    "semicolons": flights.csv(40).replace(b",", b";"),
    "jsonl": json_lines(40),
    "twice": flights.csv(40) + b"\n".join(flights.csv(20).splitlines()[1:]),
    "wrong": flights.csv(40, row3="x,AA,y,1,maybe,0", row30="2013-01-03T02:00:00Z,ZZ,9,,true,"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("contract", [flights.CONTRACT, STRICT], ids=["plain", "strict"])
@settings(max_examples=6, deadline=None)
@given(size=st.integers(50, 4000))
def test_a_file_in_parts_is_found_to_be_what_it_is_whole(tmp_path_factory, name, contract, size):
    folder = tmp_path_factory.mktemp("parts")
    path = folder / "file"
    path.write_bytes(FILES[name])
    spec = flights.spec(contract=contract)
    question = Question(spec=spec, now=NOW)
    assert in_parts(path, question, size, folder) == examine(path, spec, now=NOW)
    assert [found.name for found in folder.iterdir()] == ["file"]


def test_the_parts_of_a_file_are_all_of_its_bytes_once_and_end_where_rows_do(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(quoted(200))
    parts = parts_of(path, Question(spec=flights.spec(), now=NOW), 500)
    assert parts is not None
    assert len(parts) > 10
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert (parts[0].start, parts[-1].end) == (0, path.stat().st_size)
    body = path.read_bytes()
    assert all(body[: part.end].count(b'"') % 2 == 0 for part in parts)


def test_what_can_be_read_in_one_pass_only_has_no_parts(tmp_path):
    question = Question(spec=flights.spec(), now=NOW)
    packed, parquet = tmp_path / "a.gz", tmp_path / "a.parquet"
    packed.write_bytes(gzip.compress(flights.csv()))
    flights.parquet(parquet, **flights.columns())
    assert parts_of(packed, question) is parts_of(parquet, question) is None


def test_rows_that_cannot_be_read_are_found_in_parts_too(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(flights.csv(60, row5="too,few", row50="far,too,few"))
    spec = flights.spec()
    found = in_parts(path, Question(spec=spec, now=NOW), 300, tmp_path)
    whole = examine(path, spec, now=NOW)
    assert {a.code for a in found.anomalies} == {a.code for a in whole.anomalies}


def test_a_file_without_rows_and_one_of_other_columns_are_named_as_they_are_whole(tmp_path):
    path = tmp_path / "file"
    for body in (flights.csv(0), b"a,b\n1,2\n3,4\n"):
        path.write_bytes(body)
        question = Question(spec=flights.spec(), now=NOW)
        assert in_parts(path, question, 5, tmp_path) == examine(path, flights.spec(), now=NOW)


def test_a_first_line_that_is_no_text_is_refused_before_it_is_cut(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    with pytest.raises(Unreadable):
        parts_of(path, Question(spec=flights.spec(), now=NOW))
    assert Part(0, 1, None).header == b""
