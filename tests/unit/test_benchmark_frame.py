"""What a benchmark says of its numbers: ratio, verdict, table, JSON."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.frame import Options, Row, Times, in_turns, process_cost, run
from benchmarks.frame.table import table


def test_a_row_tells_how_many_times_less_ours_takes_and_whether_that_is_what_was_aimed_at():
    row = Row("one read", 2.0, "peer", 7.0, target=3.0)
    assert (row.ratio, row.met) == (3.5, True)
    assert Row("one read", 2.0, "peer", 7.0, target=3.6).met is False


def test_a_peer_that_cannot_be_run_gives_no_verdict():
    row = Row("one read", 2.0, "peer", None, target=3.0, note="no wheel for this machine")
    assert (row.ratio, row.met) == (None, None)
    assert "no wheel for this machine" in table([row])


def test_a_limit_of_our_own_is_met_up_to_its_very_value():
    assert Row.within("import", 100, 100, "ms").met is True
    assert Row.within("import", 101, 100, "ms").met is False


def test_p50_and_p99_are_of_the_sorted_times():
    times = Times([0.003, 0.001, 0.002, 0.1])
    assert times.p50 == pytest.approx(3)
    assert times.p99 == pytest.approx(100)
    assert times.per_second == pytest.approx(4 / 0.106)


def test_operations_take_turns_and_are_warm_when_the_clock_runs():
    calls: list[str] = []
    operations = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    times = in_turns(operations, repeats=2, warm=1)
    assert calls == ["a", "b", "a", "b", "a", "b"]
    assert {name: len(each.seconds) for name, each in times.items()} == {"a": 2, "b": 2}


def test_a_benchmark_prints_its_table_and_writes_its_rows(tmp_path: Path, capsys):
    def measure(options: Options) -> Iterator[Row]:
        yield Row("one read", 1.0, "peer", 4.0 if options.quick else 2.0, target=3.0)

    file = tmp_path / "rows.json"
    assert run("reads", measure, "Reads.", words=["--quick", "--json", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "4.00x" in shown
    assert "1 of 1 targets met" in shown
    [row] = json.loads(file.read_text())["rows"]
    assert {"what", "ours", "peer", "theirs", "ratio", "target", "met"} <= set(row)
    assert row["met"] is True


def test_a_process_is_charged_for_its_memory_and_its_failure_is_told():
    code = "kept = b'x' * (64 << 20); print(len(kept))"
    cost = process_cost([sys.executable, "-c", code])
    assert cost.output == "67108864\n"
    assert 64 < cost.peak_mb < 90, "neither too little, nor that of the process that asked"
    assert cost.cpu > 0
    assert cost.wall > 0
    with pytest.raises(RuntimeError, match="ended with 3"):
        process_cost([sys.executable, "-c", "raise SystemExit(3)"])
