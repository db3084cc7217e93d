"""Prepare reads a batch as validate_dataset does, and Parquet as it reads CSV."""

import gzip
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from arro3.core import Array, DataType

from pipelines.spec import load
from tests.pipelines.jobs import FLIGHT_DELAYS, JOBS, Bench, csv
from trimtab.data.arrow import read_as
from trimtab.data.examine import examine
from trimtab.domain.columns import ColumnType

SPELT: list[str | None] = [
    "1",
    "+1",
    "1.",
    ".5",
    "1e3",
    "1E+3",
    "007",
    None,
    "nan",
    "NaN",
    "Nan",
    "-nan",
    "1e-400",
]


def parquet(rows: pd.DataFrame, bench: Bench, name: str, change: str = "") -> bytes:
    """Rows as Parquet, written by the jobs' pandas; `change` is Python that alters `rows` before."""
    source, target = bench.folder / f"{name}.csv", bench.folder / f"{name}.parquet"
    rows.to_csv(source, index=False)
    script = (
        "import decimal, sys, pandas as pd, pyarrow as pa\n"
        "exactly = dict(keep_default_na=False, na_values=[''], float_precision='round_trip')\n"
        "rows = pd.read_csv(sys.argv[1], **exactly)\n"
        f"{change}\nrows.to_parquet(sys.argv[2], index=False)"
    )
    subprocess.run([JOBS / "python", "-c", script, source, target], check=True)
    return target.read_bytes()


def prepared(bench: Bench, source: Path, name: str, *batches: dict[str, Any]) -> list[bytes]:
    ended = bench.prepare(source, bench.manifest(*batches), name)
    assert ended.returncode == 0, ended.stderr
    parts = ("train/train.csv", "evaluation/evaluation.csv")
    return [(bench.folder / name / part).read_bytes() for part in parts]


CHANGES = {
    "plain": "",
    "dictionary": "rows = rows.astype({'carrier': 'category', 'origin': 'category'})",
    "nullable": "rows = rows.convert_dtypes()",
    "small": "rows = rows.astype({'distance': 'int32', 'late': 'int8', 'weekday': 'float32'})",
    "decimal": "rows['distance'] = rows['distance'].map(decimal.Decimal)",
    "text": "rows['distance'] = rows['distance'].astype('str')",
    "timestamp": "rows['scheduled_at'] = pd.to_datetime(rows['scheduled_at'])",
    "naive": "rows['scheduled_at'] = pd.to_datetime(rows['scheduled_at']).dt.tz_localize(None)",
    "zone": "rows['scheduled_at'] = pd.to_datetime(rows['scheduled_at']).dt.tz_convert('Asia/Tokyo')",
    "reordered": "rows = rows[rows.columns[::-1]].assign(more=1)",
}


@pytest.mark.parametrize("change", CHANGES)
def test_parquet_is_prepared_as_the_same_rows_of_csv(
    bench: Bench, source: Path, tiny: pd.DataFrame, change: str
):
    body = csv(tiny)
    stored = parquet(tiny, bench, change, CHANGES[change])
    as_csv = bench.batch("incoming/same.csv", body)
    as_parquet = bench.batch("incoming/same.parquet", stored, rows=len(tiny))
    expected = prepared(bench, source, f"{change}-csv", as_csv)
    assert prepared(bench, source, f"{change}-parquet", as_parquet) == expected


def test_batches_of_both_formats_are_prepared_as_one(
    bench: Bench, source: Path, tiny: pd.DataFrame
):
    one, two = tiny[:1500], tiny[1500:]
    late = bench.batch("incoming/two.csv", csv(two))
    stored = parquet(one, bench, "one", CHANGES["timestamp"])
    early = bench.batch("incoming/one.parquet", stored, rows=len(one))
    whole = bench.batch("incoming/whole.csv", csv(tiny))
    assert prepared(bench, source, "mixed", early, late) == prepared(
        bench, source, "unmixed", whole
    )


def test_numbers_are_read_as_the_contract_check_reads_them(
    bench: Bench, source: Path, tiny: pd.DataFrame
):
    cells = read_as(ColumnType.number, Array(SPELT, DataType.string()))
    assert not cells.wrong.any()
    assert cells.numbers is not None
    expected = pd.Series(cells.numbers).where(~cells.missing)
    spelt = [SPELT[place % len(SPELT)] for place in range(len(tiny))]
    batch = bench.batch("incoming/spelt.csv", csv(tiny.assign(pressure=spelt)))
    prepared(bench, source, "spelt", batch)
    read = pd.concat(
        pd.read_csv(bench.folder / "spelt" / part)["pressure"]
        for part in ("train/train.csv", "evaluation/evaluation.csv")
    )
    wanted = pd.Series(
        [expected[place % len(SPELT)] for place in range(len(tiny))], name="pressure"
    )
    pd.testing.assert_series_equal(read.reset_index(drop=True), wanted)


@pytest.mark.parametrize("word", ["NA", "null", "None", "N/A", "nan", "true", "1"])
def test_words_that_pandas_takes_for_missing_stay_words(
    bench: Bench, source: Path, tiny: pd.DataFrame, word: str
):
    batch = bench.batch("incoming/words.csv", csv(tiny.assign(dest=word)))
    prepared(bench, source, f"word-{word.replace('/', '')}", batch)
    train = (bench.folder / f"word-{word.replace('/', '')}" / "train/train.csv").read_bytes()
    assert f",{word},".encode() in train.splitlines()[1]


def test_a_time_that_cannot_be_put_in_order_is_named(
    bench: Bench, source: Path, tiny: pd.DataFrame
):
    rows = tiny.copy()
    rows.loc[7, "scheduled_at"] = "9999-12-31"
    ended = bench.prepare(source, bench.manifest(bench.batch("incoming/t.csv", csv(rows))), "far")
    assert ended.returncode == 1
    assert "column scheduled_at cannot be put in order: '9999-12-31'" in ended.stderr
    assert "Traceback" not in ended.stderr


def json_lines(rows: pd.DataFrame) -> bytes:
    """Rows as Python writes them: pandas' own JSON rounds numbers."""
    records = rows.astype("object").where(rows.notna(), None).to_dict(orient="records")
    return "".join(json.dumps(record) + "\n" for record in records).encode()


FORMS: dict[str, tuple[Callable[[pd.DataFrame], bytes], dict[str, Any] | None]] = {
    "gzip": (
        lambda rows: gzip.compress(csv(rows)),
        {"separator": ",", "quote": '"', "header": True},
    ),
    "semicolons": (
        lambda rows: b"\xef\xbb\xbf" + rows.to_csv(index=False, sep=";", quoting=1).encode(),
        {"separator": ";", "quote": '"', "header": True},
    ),
    "without header": (
        lambda rows: rows.to_csv(index=False, header=False, sep="\t").encode(),
        {"separator": "\t", "quote": '"', "header": False},
    ),
    "JSON lines": (json_lines, None),
    "JSON lines, gzip": (lambda rows: gzip.compress(b"\xef\xbb\xbf" + json_lines(rows)), None),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_format_that_validation_accepts_is_prepared_as_the_same_rows_of_csv(
    bench: Bench, source: Path, tiny: pd.DataFrame, form: str, tmp_path: Path
):
    write, dialect = FORMS[form]
    spec = load(FLIGHT_DELAYS / "model.yaml")
    rows = tiny[list(spec.contract.columns)]
    body = write(rows)
    file = tmp_path / "batch"
    file.write_bytes(body)
    contract = spec.contract.model_copy(
        update={"header": bool(dialect is None or dialect["header"])}
    )
    now = datetime(2013, 2, 1, tzinfo=UTC)
    found = examine(file, spec.model_copy(update={"contract": contract}), now=now)
    assert [anomaly.sentence for anomaly in found.anomalies] == []
    told = found.dialect and found.dialect.model_dump(mode="json")
    assert told == dialect  # what the manifest tells Prepare

    name = form.replace(" ", "-")
    as_csv = bench.batch(f"incoming/{name}.csv", csv(rows))
    other = bench.batch(f"incoming/{name}", body, rows=len(rows), dialect=told)
    assert prepared(bench, source, f"{name}-it", other) == prepared(
        bench, source, f"{name}-csv", as_csv
    )
