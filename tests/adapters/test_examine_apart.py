"""What a file can do to the process that reads it: nothing that the function notices."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import flights
from trimtab.data.apart import call_apart
from trimtab.data.examine import examine
from trimtab.domain.anomalies import AnomalyCode
from trimtab.domain.examination import Examination

ALONE_AND_BESIDE = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tests import flights
from trimtab.data.apart import may_fork
from trimtab.data.examine import examine

def look(path):
    found = examine(Path(path), flights.spec(), now=datetime(2013, 2, 1, tzinfo=UTC))
    return found.model_dump(mode="json")

told = [may_fork(), [look(path) for path in sys.argv[1:]]]
with ThreadPoolExecutor(1) as threads:
    told += [threads.submit(may_fork).result(), [threads.submit(look, p).result() for p in sys.argv[1:]]]
print(json.dumps([told[0], told[2], told[1], told[3]]))
"""

Look = Callable[[bytes], Examination]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def examined(body: bytes) -> Examination:
        file = tmp_path / "batch"
        file.write_bytes(body)
        return examine(file, flights.spec(), now=datetime(2013, 2, 1, tzinfo=UTC))

    return examined


def codes(found: Examination) -> list[str]:
    return [anomaly.code.value for anomaly in found.anomalies]


def test_a_row_without_end_is_refused_before_it_fills_the_memory(look):
    found = look(flights.csv(5, row4='2013-01-01,"' + "A,\n" * (24 << 20)))
    assert "ROW_TOO_LONG" in codes(found)


def test_a_good_parquet_file_is_read_like_csv(look, tmp_path):
    found = look(flights.parquet(tmp_path / "p", **flights.columns()))
    assert (found.format, found.rows, found.anomalies) == ("parquet", 6, ())
    assert found.profile.columns["on_time"].levels == {"false": 3, "true": 3}
    assert found.profile.columns["temp"].missing == 1


@pytest.mark.parametrize(
    "body",
    [
        b"PAR1 and then nothing of the kind",
        b"PAR1" + b"\x15\x00" * 40 + b"\x20\0\0\0PAR1",
        b"PAR1PAR1",
    ],
    ids=["another", "without footer", "empty"],
)
def test_what_only_begins_as_parquet_is_unreadable(look, body):
    assert codes(look(body)) == ["UNREADABLE"]


def test_a_parquet_file_that_brings_the_reader_down_is_unreadable(look, tmp_path):
    body = bytearray(flights.parquet(tmp_path / "p", **flights.columns()))
    body[87] = 201  # found by trying: the length of a page, and the reader aborts its process
    anomaly = look(bytes(body)).anomalies[0]
    assert anomaly.code is AnomalyCode.unreadable
    assert "SIGABRT" in anomaly.sentence


def test_beside_other_threads_an_interpreter_of_its_own_reads_and_finds_the_same(tmp_path):
    """In a process without the threads that a test runner has."""
    good = flights.parquet(tmp_path / "p", **flights.columns())
    bad = bytearray(good)
    bad[87] = 201
    for name, body in (("good", good), ("bad", bytes(bad))):
        (tmp_path / name).write_bytes(body)
    done = subprocess.run(
        [sys.executable, "-c", ALONE_AND_BESIDE, str(tmp_path / "good"), str(tmp_path / "bad")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    forks, forks_beside, alone, beside = json.loads(done.stdout)
    assert (forks, forks_beside) == (sys.platform == "linux", False)
    assert [len(found["anomalies"]) for found in alone] == [0, 1]
    assert beside == alone


@pytest.mark.parametrize("beside", [False, True], ids=["forked", "started"])
def test_why_a_call_apart_failed_is_told(beside):
    with ThreadPoolExecutor(1) as threads:
        if beside:
            threads.submit(int).result()
        with pytest.raises(RuntimeError, match=r"json:loads ended with 1: (.|\n)*Expecting value"):
            call_apart("json:loads", "no JSON")


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_damage_to_a_good_parquet_file_crashes_the_validator(look, tmp_path, data):
    body = bytearray(flights.parquet(tmp_path / "p", **flights.columns()))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(4, len(body) - 5))
        body[place] = data.draw(st.integers(0, 255))
    look(bytes(body))
