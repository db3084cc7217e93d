"""A version's live traffic in the bucket: captures as Firehose wrote them, counts by the hour, and what was found."""

import gzip
import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trimtab.aws import keys
from trimtab.aws.objects import ABSENT, Objects, Overwritten
from trimtab.domain.captured import Capture, Hour
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.baseline import Baseline
from trimtab.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOUR_PARTS = 4  # yyyy/mm/dd/hh, before an object's own name


class LiveTraffic:
    """Reads captures of one version, and keeps their counts."""

    def __init__(self, client: "S3Client", bucket: str, model: str, version: int) -> None:
        self._client = client
        self._bucket = bucket
        self._objects = Objects(client, bucket)
        self._model = model
        self._version = version

    def arrived(self, since: datetime) -> dict[datetime, list[str]]:
        """Return the keys of the captures that arrived from this hour on, by hour: one listing, of new objects only."""
        found: dict[datetime, list[str]] = {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=keys.captures_prefix(self._model, self._version),
            StartAfter=keys.captures_prefix(self._model, self._version, since),
        )
        for page in pages:
            for each in page.get("Contents", []):
                year, month, day, hour = map(int, each["Key"].split("/")[-HOUR_PARTS - 1 : -1])
                at = datetime(year, month, day, hour, tzinfo=UTC)
                found.setdefault(at, []).append(each["Key"])
        return found

    def unread(self, arrived: Mapping[datetime, Sequence[str]]) -> dict[datetime, Sequence[str]]:
        """Return the hours of which not all is known to be counted: the others' counts need not be looked at."""
        body, _ = self._objects.read(keys.live_read_key(self._model, self._version))
        read = {} if body is None else json.loads(body)
        return {
            at: names for at, names in arrived.items() if read.get(at.isoformat()) != _mark(names)
        }

    def keep_read(self, arrived: Mapping[datetime, Sequence[str]]) -> None:
        """Remember that all of this is counted. Nothing hangs on it but that it is not looked at again."""
        read = {at.isoformat(): _mark(names) for at, names in sorted(arrived.items())}
        body = json.dumps(read).encode()
        key = keys.live_read_key(self._model, self._version)
        self._objects.change(key, lambda _: body)

    def lines(self, key: str) -> list[bytes]:
        """Return the lines of a capture object."""
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return gzip.decompress(body).splitlines()

    def take_in(
        self,
        at: datetime,
        objects: Sequence[str],
        types: Mapping[str, ColumnType],
        baseline: Baseline,
        first: Callable[[Sequence[Capture]], None],
    ) -> None:
        """Count what is new of an hour's objects and keep it. Raises Conflict if another wrote the hour meanwhile.

        `first` is called with what is new before it is kept: what it does is done again if it is not.
        """
        key = keys.live_hour_key(self._model, self._version, at)
        before, tag = self._hour(key)
        news = before.news(objects, self.lines)
        if not news.objects:
            return
        first(news.captures)
        hour = before.with_news(news, types, baseline.references(), baseline.projection)
        body = gzip.compress(hour.model_dump_json().encode(), mtime=0)
        try:
            self._objects.write(
                key, body, tag, ContentType="application/json", ContentEncoding="gzip"
            )
        except Overwritten as error:
            raise Conflict(
                f"the hour {at:%Y-%m-%dT%H} of version {self._version} of {self._model} was counted meanwhile",
                hint="the next tick goes on",
            ) from error

    def hours(self, start: datetime, end: datetime) -> list[tuple[datetime, Hour]]:
        """Return what was counted of each hour of a window, as far as there is something."""
        found, at = [], start
        while at < end:
            hour, tag = self._hour(keys.live_hour_key(self._model, self._version, at))
            if tag:
                found.append((at, hour))
            at += timedelta(hours=1)
        return found

    def baseline(self, since: datetime | None = None, slot: int | None = None) -> Baseline | None:
        """Return what the version is compared with since then, or None if that was not counted yet.

        `slot` is the part of the week that is meant, if parts are compared by themselves.
        """
        key = keys.live_baseline_key(self._model, self._version, since, slot)
        body, _ = self._objects.read(key)
        return None if body is None else Baseline.model_validate_json(body)

    def keep_baseline(
        self, baseline: Baseline, since: datetime | None = None, slot: int | None = None
    ) -> None:
        """Keep what the version is compared with; whoever counts it, it is the same."""
        self._client.put_object(
            Bucket=self._bucket,
            Key=keys.live_baseline_key(self._model, self._version, since, slot),
            Body=baseline.model_dump_json().encode(),
            ContentType="application/json",
        )

    def scored(self, execution_id: str, folder: Path) -> Path | None:
        """Fetch the rows on which the version was evaluated, with its predictions; None if there are none."""
        file = Path(tempfile.mkdtemp(dir=folder)) / "scored.csv"
        try:
            self._client.download_file(
                self._bucket, keys.scored_key(self._model, execution_id), str(file)
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return None
            raise
        return file

    def keep_report(self, start: datetime, report: str, page: str) -> str:
        """Keep what was found of a window, for programs and as a page; return the page's address."""
        for ending, body, kind in (
            ("json", report, "application/json"),
            ("html", page, "text/html; charset=utf-8"),
        ):
            key = keys.drift_report_key(self._model, self._version, start, ending)
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body.encode(), ContentType=kind
            )
        return f"s3://{self._bucket}/{key}"

    def _hour(self, key: str) -> tuple[Hour, str]:
        body, tag = self._objects.read(key)
        return (Hour.model_construct(), "") if body is None else (_opened(body), tag)


def _mark(names: Sequence[str]) -> str:
    """Which objects an hour has."""
    return hashlib.blake2b("\n".join(sorted(names)).encode(), digest_size=8).hexdigest()


def _opened(body: bytes) -> Hour:
    return Hour.model_validate_json(gzip.decompress(body))
