"""What all benchmarks share: rows, their table, a command line, clocks."""

from benchmarks.frame.command import Options, run
from benchmarks.frame.process import Cost, process_cost
from benchmarks.frame.rows import Row
from benchmarks.frame.timing import Times, in_turns, timed

__all__ = ["Cost", "Options", "Row", "Times", "in_turns", "process_cost", "run", "timed"]
