"""What a file can do to the process that reads it: nothing that the function notices."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import flights
from trimtab.data.apart import call_apart, may_fork
from trimtab.data.examine import examine
from trimtab.domain.anomalies import AnomalyCode
from trimtab.domain.examination import Examination

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


def test_beside_other_threads_an_interpreter_of_its_own_reads_and_finds_the_same(look, tmp_path):
    good = flights.parquet(tmp_path / "p", **flights.columns())
    bad = bytearray(good)
    bad[87] = 201
    assert may_fork() is (sys.platform == "linux")
    alone = [look(good), look(bytes(bad))]
    with ThreadPoolExecutor(1) as threads:
        assert not threads.submit(may_fork).result()
        beside = [threads.submit(look, body).result() for body in (good, bytes(bad))]
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
