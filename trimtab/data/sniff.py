"""Tells text from other files, and measures its lines, before it is parsed as CSV."""

from dataclasses import dataclass
from pathlib import Path

from trimtab.data.blocks import Unreadable
from trimtab.domain.anomalies import Anomaly, AnomalyCode

CHUNK = 1 << 20
KINDS = {
    b"\x1f\x8b": "gzip",
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
MARKUP = {b"{": "JSON", b"[": "JSON", b"<": "XML or HTML"}


@dataclass(frozen=True)
class Text:
    """What a text file looks like."""

    mean_line: int  # bytes
    quotes: int


def sniff(path: Path) -> Text:
    """Read the file once. Raises Unreadable if it is not text that can be CSV."""
    size = lines = quotes = zeros = 0
    with path.open("rb") as file:
        _refuse_known_kinds(file.read(CHUNK))
        file.seek(0)
        while chunk := file.read(CHUNK):
            size += len(chunk)
            lines += chunk.count(b"\n")
            quotes += chunk.count(b'"')
            zeros += chunk.count(b"\0")
    if zeros:
        raise _refusal(f"the file holds {zeros:,} zero bytes, which text does not", zeros)
    return Text(mean_line=size // max(1, lines), quotes=quotes)


def _refuse_known_kinds(head: bytes) -> None:
    for magic, kind in KINDS.items():
        if head.startswith(magic):
            raise _refusal(f"the file is {kind}")
    body = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if (kind := MARKUP.get(body[:1], "")) and b"," not in body.split(b"\n", 1)[0].split(b'"')[0]:
        raise _refusal(f"the file looks like {kind}")
    if not body:
        raise Unreadable(
            Anomaly(
                code=AnomalyCode.empty_file,
                count=0,
                sentence="the file is empty: it holds white space only",
            )
        )


def _refusal(what: str, count: int | None = None) -> Unreadable:
    sentence = f"{what}; only CSV (UTF-8, comma, header) and Parquet are read"
    return Unreadable(Anomaly(code=AnomalyCode.not_csv_or_parquet, count=count, sentence=sentence))
