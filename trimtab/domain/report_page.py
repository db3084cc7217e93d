"""The report as a page for a person: what is wrong, where, how bad, what to do, the worst first."""

from collections.abc import Iterator, Sequence

from trimtab.domain.anomalies import Anomaly, counted, percent
from trimtab.domain.datasets import Report
from trimtab.domain.remedies import remedy

LINES = 12  # anomalies in the table; all of them follow below it
ROWS = 5  # row numbers in the table


def report_page(report: Report) -> str:
    """Return the report in Markdown."""
    return "\n".join([*_head(report), *anomaly_lines(report.anomalies), *_foot(report)]) + "\n"


def anomaly_lines(anomalies: Sequence[Anomaly]) -> Iterator[str]:
    """Give the lines of a Markdown table of what is wrong, and below it every sentence with its values."""
    worst = by_weight(anomalies)
    yield "| what | where | how bad | allowed | rows | what to do |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for anomaly in worst[:LINES]:
        cells = (
            anomaly.code.value,
            anomaly.column or "the file",
            how_bad(anomaly),
            _allowed(anomaly),
            rows_of(anomaly),
            remedy(anomaly.code),
        )
        yield "| " + " | ".join(map(_cell, cells)) + " |"
    if len(worst) > LINES:
        yield f"\nand {len(worst) - LINES} more, below"
    yield "\n## Each in a sentence\n"
    for anomaly in worst:
        yield f"- {_text(anomaly.sentence)}{_values(anomaly)}"


def by_weight(anomalies: Sequence[Anomaly]) -> list[Anomaly]:
    """Return the anomalies, those that concern the whole file first, then by the share of rows."""
    return sorted(anomalies, key=lambda one: -2 if one.share is None else -one.share)


def how_bad(anomaly: Anomaly) -> str:
    """Say how much of the file is concerned."""
    if anomaly.share is not None and anomaly.count is not None:
        return f"{percent(anomaly.share)} ({counted(anomaly.count, 'row')})"
    if anomaly.share is not None:
        return percent(anomaly.share)
    return "the whole file"


def rows_of(anomaly: Anomaly) -> str:
    """Return the first row numbers."""
    rows = [f"{example.row:,}" for example in anomaly.examples if example.row is not None]
    return ", ".join(rows[:ROWS]) + (", …" if len(rows) > ROWS else "")


def _head(report: Report) -> Iterator[str]:
    count = len(report.anomalies)
    rules = "1 rule is broken" if count == 1 else f"{count:,} rules are broken"
    name = report.key.rpartition("/")[2] or report.key
    yield f"# ✖ {_text(name)} is in quarantine\n"
    yield f"**{rules} in {report.rows:,} rows** of {report.size:,} bytes, for model {_text(report.model)}.\n"


def _foot(report: Report) -> Iterator[str]:
    if report.notices:
        yield "\n## Also told\n"
        yield from (f"- {_text(notice.sentence)}" for notice in report.notices)
    yield "\n## What becomes of it\n"
    yield "Nothing of it is trained on. The object stays where it came:\n"
    yield f"- key `{report.key}`, version `{report.version_id}`"
    if report.copy_uri:
        yield f"- copy `{report.copy_uri}`"
    if report.contract:
        yield f"- judged by contract `{report.contract}` at {report.at:%Y-%m-%d %H:%M:%S} UTC"
    if report.compared_with:
        yield f"- compared with the batch of dataset version {report.compared_with}"
    yield "\nA mended file is put again, under the same key or another. If the file is right as it is:\n"
    yield f'    trimtab data release {_shell(report.key)} --reason "why it is right"'
    yield f'    trimtab data reject {_shell(report.key)} --reason "why it stays out"'


def _allowed(anomaly: Anomaly) -> str:
    if anomaly.limit is None:
        return ""
    if anomaly.share is not None:
        return percent(anomaly.limit) if anomaly.limit else "none"
    return f"{anomaly.limit:g}"


def _values(anomaly: Anomaly) -> str:
    if anomaly.offenders:
        told = ", ".join(
            f"`{_code(one.value)}` in {counted(one.rows, 'row')}" for one in anomaly.offenders
        )
        return f": {told}"
    values = [example.value for example in anomaly.examples if example.value is not None]
    if not values:
        return ""
    shown = list(dict.fromkeys(values))[:ROWS]
    return ": " + ", ".join(f"`{_code(value)}`" for value in shown)


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    """Text of somebody else's, which may not become markup."""
    clean = " ".join(text.split())
    return clean.replace("<", "&lt;").replace("`", "'")


def _code(text: str) -> str:
    return " ".join(text.split()).replace("`", "'")


def _shell(key: str) -> str:
    return (
        key
        if all(c.isalnum() or c in "/._-+=" for c in key)
        else "'" + key.replace("'", "'\\''") + "'"
    )
