"""The batches of a dataset version, read as the contract types them."""

import gzip
import json
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd

from .failure import StepFailure
from .model_source import ModelSource
from .objects import fetch, split_uri

UTC = timezone.utc
NUMBERS = ("integer", "number")
PARQUET, GZIP, MARK = b"PAR1", b"\x1f\x8b", b"\xef\xbb\xbf"
COMMA = {"separator": ",", "quote": '"', "header": True}  # where a manifest says nothing else
TRUTHS = {"true": 1, "1": 1, "1.0": 1, "false": 0, "0": 0, "0.0": 0}  # 1.0: Parquet's 1 beside gaps
EXACT = 2.0**53  # floats hold every whole number up to here


def read_dataset(manifest_uri: str, source: ModelSource) -> pd.DataFrame:
    """Return the rows of every batch the manifest pins, in the manifest's order."""
    bucket, key = split_uri(manifest_uri)
    with tempfile.TemporaryDirectory() as scratch:
        manifest_file = Path(scratch, "manifest.json")
        fetch(bucket, key, manifest_file)
        manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
        if manifest["model"] != source.name:
            raise StepFailure(f"{manifest_uri} is of model {manifest['model']}, not {source.name}")
        batches = [
            _read_batch(bucket, batch, Path(scratch, f"batch-{number}"), source)
            for number, batch in enumerate(manifest["batches"])
        ]
    if not batches:
        raise StepFailure(f"{manifest_uri} names no batch")
    return pd.concat(batches, ignore_index=True)


def _read_batch(bucket: str, batch: dict[str, Any], to: Path, source: ModelSource) -> pd.DataFrame:
    name = f"batch {batch['key']} (version {batch['version_id']})"
    digest = fetch(bucket, batch["key"], to, version_id=batch["version_id"])
    if digest != batch["sha256"]:
        raise StepFailure(f"{name} has SHA-256 {digest}, the manifest says {batch['sha256']}")
    rows = _read_file(to, name, source, batch.get("dialect") or COMMA)
    to.unlink()
    if len(rows) != batch["rows"]:
        raise StepFailure(f"{name} has {len(rows)} rows, the manifest says {batch['rows']}")
    return rows


def _read_file(path: Path, name: str, source: ModelSource, dialect: dict[str, Any]) -> pd.DataFrame:
    with path.open("rb") as file:
        begins = file.read(len(PARQUET))
    is_gzip = begins.startswith(GZIP)
    try:
        if begins == PARQUET:
            rows = _read_parquet(path, source)
        elif _is_json_lines(path, is_gzip=is_gzip):
            rows = _read_json_lines(path, source, is_gzip=is_gzip)
        else:
            rows = _read_csv(path, source, dialect, is_gzip=is_gzip)
    except ImportError as error:
        raise StepFailure(f"{name} is Parquet and this container cannot read it: {error}") from None
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise StepFailure(f"{name} cannot be read: {error}") from error
    for column, kind in _types(source).items():
        rows[column] = _typed(rows[column], kind)
    return rows[list(source.columns)]


def _typed(values: pd.Series, kind: str) -> pd.Series:
    """Return the column as the contract types it, the same whether it stood in CSV or in Parquet."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("object")
    if not pd.api.types.is_numeric_dtype(values.dtype):
        values = values.mask(values.astype("str") == "")  # empty is missing, as in CSV
    if kind in NUMBERS:
        return _numbers(values, whole=kind == "integer")
    if kind == "boolean":
        return values.astype("str").str.lower().map(TRUTHS)
    if kind == "datetime":
        return _times(values)
    return values.astype("object")


def _numbers(values: pd.Series, *, whole: bool) -> pd.Series:
    if values.dtype == "object":  # nan in a spelling of its own, decimals, numbers written as text
        text = values.astype("str").str.lower()
        values = text.where(values.notna() & (text.str.lstrip("+-") != "nan"))
    numbers = values.astype("float64")  # of text the very number; pandas' to_numeric rounds some
    exact = whole and numbers.notna().all() and (numbers.abs() <= EXACT).all()
    return numbers.astype("int64") if exact else numbers


def _times(values: pd.Series) -> pd.Series:
    """Times as text: CSV's as they stand, Parquet's as UTC in ISO 8601."""
    return values.map(_iso, na_action="ignore").astype("object")


def _iso(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.isoformat().replace("+00:00", "Z")
    return f"{value}T00:00:00Z"  # a date


def _read_parquet(path: Path, source: ModelSource) -> pd.DataFrame:
    return pd.read_parquet(path, columns=list(source.columns))


def _open(path: Path, *, is_gzip: bool) -> Any:
    return gzip.open(path, "rb") if is_gzip else path.open("rb")


def _is_json_lines(path: Path, *, is_gzip: bool) -> bool:
    """Tell JSON lines from CSV as validate_dataset does: an object opens before any comma."""
    with _open(path, is_gzip=is_gzip) as file:
        body = file.read(1 << 20)
    body = body.removeprefix(MARK)
    first = body.lstrip().split(b"\n", 1)[0]
    return first.startswith(b"{") and b"," not in first.split(b'"')[0]


def _read_json_lines(path: Path, source: ModelSource, *, is_gzip: bool) -> pd.DataFrame:
    with _open(path, is_gzip=is_gzip) as file:
        lines = (line.removeprefix(MARK) for line in file)
        # Numbers stay as they are written, so that both readers make the same of them.
        objects = [
            json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
            for line in lines
            if line.strip()
        ]
    columns = {name: [row.get(name) for row in objects] for name in source.columns}
    return pd.DataFrame(columns, dtype="object")


def _read_csv(
    path: Path, source: ModelSource, dialect: dict[str, Any], *, is_gzip: bool
) -> pd.DataFrame:
    kinds = _types(source)
    as_text = [name for name, kind in kinds.items() if kind not in NUMBERS]
    # As the contract is checked: empty is missing, NaN too among numbers; "NA" is a word like others.
    missing = {name: [""] if name in as_text else ["", "NaN", "nan", "NAN"] for name in kinds}
    names: dict[str, Any] = {} if dialect["header"] else {"header": None, "names": list(kinds)}
    return pd.read_csv(
        path,
        sep=dialect["separator"],
        quotechar=dialect["quote"],
        compression="gzip" if is_gzip else None,
        usecols=list(kinds),
        dtype=dict.fromkeys(as_text, "str"),
        keep_default_na=False,
        na_values=missing,
        encoding="utf-8-sig",
        float_precision="round_trip",  # the very number that was written, as Parquet would hold it
        **names,
    )


def _types(source: ModelSource) -> dict[str, str]:
    return {name: column["type"] for name, column in source.columns.items()}
