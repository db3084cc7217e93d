"""Tells what a file is by its first bytes."""

from typing import Literal

from trimtab.data.blocks import Unreadable
from trimtab.domain.anomalies import Anomaly, AnomalyCode

HEAD = 1 << 20  # bytes looked at
READ = "only CSV, JSON lines (both UTF-8, gzip or not) and Parquet are read"
KINDS = {
    b"\x1f\x8b": "gzip within gzip",
    b"PAR1": "Parquet within gzip",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
    b"ARROW1": "Arrow IPC",
    b"PARE": "encrypted Parquet",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
MARKUP = {b"[": "a JSON array; write one object per line", b"<": "XML or HTML"}


def sniff(head: bytes) -> Literal["csv", "jsonl"]:
    """Say which text format a file has that begins so. Raises Unreadable if it is neither."""
    for magic, kind in KINDS.items():
        if head.startswith(magic):
            raise _refusal(f"the file is {kind}")
    body = head.lstrip()
    if not body:
        sentence = "the file is empty: it holds white space only"
        raise Unreadable(Anomaly(code=AnomalyCode.empty_file, count=0, sentence=sentence))
    if b"\0" in head:
        raise _refusal("the file holds zero bytes, which text does not")
    first = body.split(b"\n", 1)[0]
    if body[:1] in (b"{", b"[", b"<") and b"," not in first.split(b'"')[0]:
        if body[:1] == b"{":
            return "jsonl"
        raise _refusal(f"the file looks like {MARKUP[body[:1]]}")
    return "csv"


def _refusal(what: str) -> Unreadable:
    return Unreadable(Anomaly(code=AnomalyCode.not_csv_or_parquet, sentence=f"{what}; {READ}"))
