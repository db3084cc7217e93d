"""Examines a batch: one bounded pass over its file gives its rows, its profile and what is wrong with it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from trimtab.data.apart import BroughtDown, call_apart
from trimtab.data.blocks import Unreadable
from trimtab.data.reading import Reading, read_through
from trimtab.data.source import is_parquet, open_source
from trimtab.domain.anomalies import Anomaly, AnomalyCode, concealed
from trimtab.domain.checks import Found, check_header
from trimtab.domain.dialect import Format
from trimtab.domain.examination import Examination, Question
from trimtab.domain.model import ModelSpec
from trimtab.domain.profile import Profile
from trimtab.domain.since_last import Last


def examine(path: Path, spec: ModelSpec, *, now: datetime, last: Last | None = None) -> Examination:
    """Examine the file against the model's contract; no content whatever makes this fail."""
    return _discreet(_safely(path, Question(spec=spec, now=now, last=last)), spec)


def examined(parts: Sequence[Reading], question: Question) -> Examination:
    """Say what the file is whose parts were read apart; they are given in the order of their rows."""
    whole, *later = parts
    for part in later:
        whole.merge(part)
    return _discreet(conclude(whole, question), question.spec)


def _discreet(found: Examination, spec: ModelSpec) -> Examination:
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
    try:
        source = open_source(
            path, dialect=question.spec.contract.dialect, types=question.spec.contract.types
        )
    except Unreadable as error:
        return _nothing(*error.anomalies)
    return conclude(read_through(source, question), question)


def conclude(reading: Reading, question: Question) -> Examination:
    """Say what the file is of which this was read."""
    header = _header(reading, question)
    if any(anomaly.code is AnomalyCode.no_header for anomaly in header.anomalies):
        return _nothing(*header.anomalies, format_=reading.format)
    check, contract = reading.check, question.spec.contract
    absent = reading.counters.keys() - set(reading.names)  # each is missing once, not in every row
    columns = {name: c.profile() for name, c in reading.counters.items() if name not in absent}
    profile = Profile(rows=check.rows, columns=columns)
    # Of a file that could not be read to its end, nothing can be said as a whole.
    rules = check.broken_rules()
    whole = reading.cut_off or check.as_a_whole(profile, question.last)
    return Examination(
        format=reading.format,
        rows=check.rows,
        anomalies=(*header.anomalies, *whole, *(a for a in rules if a.column not in absent)),
        notices=(*header.notices, *check.notices()),
        profile=profile.concealed(contract.personal),
        dialect=reading.dialect,
    )


def _header(reading: Reading, question: Question) -> Found:
    spec = question.spec
    return check_header(reading.names, spec.contract, target=spec.data.target, last=question.last)


def _nothing(*anomalies: Anomaly, format_: Format | None = None) -> Examination:
    return Examination(format=format_, rows=0, anomalies=anomalies, profile=Profile(columns={}))
