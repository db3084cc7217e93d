"""Examines a batch: one bounded pass over its file gives its rows, its profile and what is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

from trimtab.data.blocks import Source, Unreadable
from trimtab.data.csv_file import open_csv
from trimtab.data.parquet_file import MAGIC, open_parquet
from trimtab.data.sniff import sniff
from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.cells import Cells
from trimtab.domain.checks import ContractCheck, check_header
from trimtab.domain.datasets import Format
from trimtab.domain.model import ModelSpec
from trimtab.domain.profile import ColumnProfile, Profile, profile_of


@dataclass(frozen=True)
class Examination:
    """What a file was found to be."""

    format: Format | None  # None if it is neither
    rows: int  # rows that were read
    anomalies: tuple[Anomaly, ...]  # none: the batch keeps its contract
    profile: Profile


def examine(path: Path, spec: ModelSpec) -> Examination:
    """Examine the file against the model's contract; no content whatever makes this fail."""
    try:
        source = _open(path)
    except Unreadable as error:
        return Examination(None, 0, error.anomalies, Profile(columns={}))
    found = check_header(source.header, spec.contract, target=spec.data.target)
    if any(anomaly.code is AnomalyCode.no_header for anomaly in found):
        return Examination(source.format, 0, tuple(found), Profile(columns={}))
    present = {name: c for name, c in spec.contract.columns.items() if name in set(source.header)}
    check = ContractCheck(spec.contract)
    profiles: dict[str, ColumnProfile] = {}
    try:
        for block in source.blocks:
            columns = {name: block.cells(name, column.type) for name, column in present.items()}
            check.add(block.rows, columns)
            _add(profiles, columns)
    except Unreadable as error:
        found += [*error.anomalies, *check.broken_rules()]
    else:
        found += [*check.too_few_rows(), *check.broken_rules()]
    profile = Profile(rows=check.rows, columns=profiles)
    return Examination(source.format, check.rows, tuple(found), profile)


def _add(profiles: dict[str, ColumnProfile], columns: dict[str, Cells]) -> None:
    for name, cells in columns.items():
        part = profile_of(cells)
        profiles[name] = profiles[name].merge(part) if name in profiles else part


def _open(path: Path) -> Source:
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
    if not magic:
        sentence = "the file is empty: 0 bytes"
        raise Unreadable(Anomaly(code=AnomalyCode.empty_file, count=0, sentence=sentence))
    if magic == MAGIC:
        return open_parquet(path)
    text = sniff(path)
    return open_csv(path, mean_line=text.mean_line, odd_quotes=text.quotes % 2 == 1)
