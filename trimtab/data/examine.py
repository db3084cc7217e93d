"""Examines a batch: one bounded pass over its file gives its rows, its profile and what is wrong with it."""

from pathlib import Path

from pydantic import NonNegativeInt

from trimtab.data.apart import BroughtDown, call_apart
from trimtab.data.blocks import Source, Unreadable
from trimtab.data.csv_file import open_csv
from trimtab.data.parquet_file import MAGIC, open_parquet
from trimtab.data.sniff import sniff
from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.base import Frozen
from trimtab.domain.cells import Cells
from trimtab.domain.checks import ContractCheck, check_header
from trimtab.domain.datasets import Format
from trimtab.domain.model import ModelSpec
from trimtab.domain.profile import ColumnProfile, Profile, profile_of


class Examination(Frozen):
    """What a file was found to be."""

    format: Format | None  # None if it is neither
    rows: NonNegativeInt  # rows that were read
    anomalies: tuple[Anomaly, ...]  # none: the batch keeps its contract
    profile: Profile


def examine(path: Path, spec: ModelSpec) -> Examination:
    """Examine the file against the model's contract; no content whatever makes this fail."""
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
    if magic != MAGIC:
        return _examine(path, spec)
    try:
        answer = call_apart(
            f"{__name__}:{examine_as_json.__name__}", str(path), spec.model_dump_json()
        )
    except BroughtDown as crash:
        sentence = (
            f"the file cannot be read as Parquet: it is damaged and crashes the reader ({crash})"
        )
        damaged = Anomaly(code=AnomalyCode.unreadable, sentence=sentence)
        return _nothing(damaged)
    return Examination.model_validate_json(answer)


def examine_as_json(path: str, spec: str) -> str:
    """Examine a file in this process, whatever it may do to it; for `examine`, which calls this apart."""
    return _examine(Path(path), ModelSpec.model_validate_json(spec)).model_dump_json()


def _examine(path: Path, spec: ModelSpec) -> Examination:
    try:
        source = _open(path)
    except Unreadable as error:
        return _nothing(*error.anomalies)
    found = check_header(source.header, spec.contract, target=spec.data.target)
    if any(anomaly.code is AnomalyCode.no_header for anomaly in found):
        return _nothing(*found, format_=source.format)
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
    return Examination(
        format=source.format, rows=check.rows, anomalies=tuple(found), profile=profile
    )


def _nothing(*anomalies: Anomaly, format_: Format | None = None) -> Examination:
    return Examination(format=format_, rows=0, anomalies=anomalies, profile=Profile(columns={}))


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
