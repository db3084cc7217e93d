"""Examines a batch: one bounded pass over its file gives its rows, its profile and what is wrong with it."""

from datetime import datetime
from pathlib import Path

from pydantic import NonNegativeInt

from trimtab.data.apart import BroughtDown, call_apart
from trimtab.data.blocks import Source, Unreadable
from trimtab.data.source import is_parquet, open_source
from trimtab.domain.anomalies import Anomaly, AnomalyCode, concealed
from trimtab.domain.base import Frozen
from trimtab.domain.checks import ContractCheck, check_header
from trimtab.domain.datasets import Format
from trimtab.domain.dialect import Dialect
from trimtab.domain.model import ModelSpec
from trimtab.domain.profile import ColumnCounter, Profile
from trimtab.domain.since_last import Last


class Examination(Frozen):
    """What a file was found to be."""

    format: Format | None  # None if it is nothing that is read
    rows: NonNegativeInt  # rows that were read
    anomalies: tuple[Anomaly, ...]  # none: the batch keeps its contract
    notices: tuple[Anomaly, ...] = ()  # what is new and yet lets the batch pass
    profile: Profile
    dialect: Dialect | None = None  # of CSV: how it was read


class Question(Frozen):
    """What a file is examined against."""

    spec: ModelSpec
    now: datetime  # when it is judged
    last: Last | None = None  # the batch that was accepted before it; None: none yet, or not known


def examine(path: Path, spec: ModelSpec, *, now: datetime, last: Last | None = None) -> Examination:
    """Examine the file against the model's contract; no content whatever makes this fail."""
    found = _safely(path, Question(spec=spec, now=now, last=last))
    if not spec.contract.personal:
        return found
    return found.model_copy(update={"anomalies": tuple(map(concealed, found.anomalies))})


def _safely(path: Path, question: Question) -> Examination:
    if not is_parquet(path):
        return _examine(path, question)
    try:
        answer = call_apart(
            f"{__name__}:{examine_as_json.__name__}", str(path), question.model_dump_json()
        )
    except BroughtDown as crash:
        sentence = (
            f"the file cannot be read as Parquet: it is damaged and crashes the reader ({crash})"
        )
        damaged = Anomaly(code=AnomalyCode.unreadable, sentence=sentence)
        return _nothing(damaged)
    return Examination.model_validate_json(answer)


def examine_as_json(path: str, question: str) -> str:
    """Examine a file in this process, whatever it may do to it; for `examine`, which calls this apart."""
    return _examine(Path(path), Question.model_validate_json(question)).model_dump_json()


def _examine(path: Path, question: Question) -> Examination:
    contract = question.spec.contract
    try:
        source = open_source(path, dialect=contract.dialect, types=contract.types)
    except Unreadable as error:
        return _nothing(*error.anomalies)
    target, last = question.spec.data.target, question.last
    header = check_header(source.header, contract, target=target, last=last)
    if any(anomaly.code is AnomalyCode.no_header for anomaly in header.anomalies):
        return _nothing(*header.anomalies, source=source)
    wanted = {
        name: type_
        for name, type_ in contract.types.items()
        if source.may_widen or name in source.header
    }
    check = ContractCheck(contract, now=question.now)
    counters = {name: ColumnCounter(type_) for name, type_ in wanted.items()}
    cut_off: tuple[Anomaly, ...] = ()
    try:
        for block in source.blocks:
            columns = {name: block.cells(name, type_) for name, type_ in wanted.items()}
            check.add(block.rows, columns)
            for name, cells in columns.items():
                counters[name].add(cells)
    except Unreadable as error:
        cut_off = error.anomalies
    if source.later:
        header = check_header(source.names, contract, target=target, last=last)
    absent = wanted.keys() - set(source.names)  # each is missing once, not in every row
    columns_read = {name: each.profile() for name, each in counters.items() if name not in absent}
    profile = Profile(rows=check.rows, columns=columns_read)
    # Of a file that could not be read to its end, nothing can be said as a whole.
    rules = check.broken_rules()
    whole = cut_off or check.as_a_whole(profile, question.last)
    return Examination(
        format=source.format,
        rows=check.rows,
        anomalies=(*header.anomalies, *whole, *(a for a in rules if a.column not in absent)),
        notices=(*header.notices, *check.notices()),
        profile=profile.concealed(contract.personal),
        dialect=source.dialect,
    )


def _nothing(*anomalies: Anomaly, source: Source | None = None) -> Examination:
    format_ = source.format if source else None
    return Examination(format=format_, rows=0, anomalies=anomalies, profile=Profile(columns={}))
