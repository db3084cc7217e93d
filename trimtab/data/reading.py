"""One pass over the rows of a file, or of a part of one: what was counted and found, before it is judged as a whole.

Parts that were read apart, by whomever and in whatever order, are put together in the order of their rows; what comes
of it is what one pass over all rows would have found.
"""

from dataclasses import dataclass

from trimtab.data.blocks import Source, Unreadable
from trimtab.domain.anomalies import Anomaly
from trimtab.domain.checks import ContractCheck
from trimtab.domain.dialect import Dialect, Format
from trimtab.domain.examination import Question
from trimtab.domain.profile import ColumnCounter


@dataclass
class Reading:
    """What a pass over rows left behind."""

    format: Format
    dialect: Dialect | None
    names: tuple[str, ...]  # of all columns, as far as the rows were read
    check: ContractCheck
    counters: dict[str, ColumnCounter]
    last_row: int = 0  # number of the last row that was read
    cut_off: tuple[Anomaly, ...] = ()  # why the rows could not be read to their end

    def merge(self, later: "Reading") -> None:
        """Take what was read of the rows that follow these."""
        self.names = tuple(dict.fromkeys((*self.names, *later.names)))
        self.check.merge(later.check, after=self.last_row)
        for name, counter in later.counters.items():
            self.counters[name].add_profile(counter.profile())
        known = {anomaly.code for anomaly in self.cut_off}
        self.cut_off += tuple(each for each in later.cut_off if each.code not in known)
        self.last_row += later.last_row


def read_through(source: Source, question: Question) -> Reading:
    """Read every block of the source."""
    contract = question.spec.contract
    wanted = {
        name: type_
        for name, type_ in contract.types.items()
        if source.may_widen or name in source.header
    }
    reading = Reading(
        format=source.format,
        dialect=source.dialect,
        names=source.names,
        check=ContractCheck(contract, now=question.now),
        counters={name: ColumnCounter(type_) for name, type_ in wanted.items()},
    )
    if not wanted:
        return reading  # no column of the contract: its rows say nothing
    try:
        for block in source.blocks:
            columns = {name: block.cells(name, type_) for name, type_ in wanted.items()}
            reading.check.add(block.rows, columns)
            for name, cells in columns.items():
                reading.counters[name].add(cells)
            reading.last_row = int(block.rows[-1]) if len(block.rows) else reading.last_row
    except Unreadable as error:
        reading.cut_off = error.anomalies
    reading.names = source.names
    return reading
