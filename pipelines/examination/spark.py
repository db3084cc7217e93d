"""One object, examined by as many processes as Spark has cores: cut into parts, read apart, put together."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from pyspark.sql import SparkSession

from trimtab.data.blocks import Unreadable
from trimtab.data.examine import examine, examined
from trimtab.data.parts import PART, Part, parts_of, read_part
from trimtab.data.reading import Reading
from trimtab.domain.examination import Answer, Asked, Examination, Question

ANSWER = "answer.json"
CHUNK = 8 << 20


def examine_object(request: Path, output: Path, scratch: Path) -> str:
    """Write answer.json into the output folder, and say what was found in a sentence."""
    asked = Asked.model_validate_json(request.read_bytes())
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / "object"
    size, sha256 = _fetch(asked, path)
    examination = on_spark(path, asked.question, scratch)
    answer = Answer(size=size, sha256=sha256, examination=examination)
    output.mkdir(parents=True, exist_ok=True)
    (output / ANSWER).write_text(answer.model_dump_json(), encoding="utf-8")
    path.unlink()
    return f"{size} bytes, {examination.rows} rows, {len(examination.anomalies)} anomalies"


def on_spark(path: Path, question: Question, scratch: Path, part_bytes: int = PART) -> Examination:
    """Examine a file that every process of Spark can read."""
    try:
        parts = parts_of(path, question, part_bytes)
    except Unreadable:
        parts = None  # one pass says why, as a function would
    spark = _session()
    try:
        if parts is None:
            text = _whole(spark, path, question)
            return Examination.model_validate_json(text)
        return examined(_apart(spark, path, parts, question, scratch), question)
    finally:
        spark.stop()


def _session() -> SparkSession:
    """Spark with the code of this process in every other."""
    builder = SparkSession.builder.appName("trimtab examination")
    path = os.environ.get("PYTHONPATH", "")
    return (
        builder.config("spark.ui.enabled", "false")
        .config("spark.executorEnv.PYTHONPATH", path)
        .config("spark.driver.maxResultSize", "0")  # what comes back grows with unique values
        .getOrCreate()
    )


def _apart(
    spark: Any, path: Path, parts: Sequence[Part], question: Question, scratch: Path
) -> list[Reading]:
    asked, place, folder = question.model_dump_json(), str(path), str(scratch)

    def read(part: Part) -> Reading:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            told = Question.model_validate_json(asked)
            return read_part(Path(place), part, told, Path(own))

    readings: list[Reading] = spark.sparkContext.parallelize(parts, len(parts)).map(read).collect()
    return readings


def _whole(spark: Any, path: Path, question: Question) -> str:
    asked, place = question.model_dump_json(), str(path)

    def read(_: int) -> str:
        told = Question.model_validate_json(asked)
        found = examine(Path(place), told.spec, now=told.now, last=told.last)
        return found.model_dump_json()

    (text,) = spark.sparkContext.parallelize([0], 1).map(read).collect()
    return str(text)


def _fetch(asked: Asked, to: Path) -> tuple[int, str]:
    """Bring the object version to disk; return its size and its digest."""
    version = asked.arrival.version_id
    which: Any = {} if version == "null" else {"VersionId": version}
    client = boto3.client("s3")
    body = client.get_object(Bucket=asked.bucket, Key=asked.arrival.key, **which)["Body"]
    digest, size = hashlib.sha256(), 0
    with to.open("wb") as file:
        for chunk in body.iter_chunks(CHUNK):
            digest.update(chunk)
            size += file.write(chunk)
    return size, digest.hexdigest()
