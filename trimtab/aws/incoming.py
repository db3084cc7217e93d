"""Objects under incoming/: brought to disk once, and copied to quarantine/ with a report."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trimtab.aws import keys
from trimtab.aws.datasets import receipt_id
from trimtab.domain.datasets import Arrival, Report
from trimtab.domain.profile import Profile
from trimtab.domain.report_page import report_page

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REPORT, PAGE, PROFILE = "report.json", "report.md", "profile.json"
CHUNK = 1 << 20
COPY_LIMIT = 5 * 10**9  # bytes; S3 copies no more in one request
SUFFIXES = (".csv", ".parquet")  # kept on a copy, so that a double click opens it
GONE = (
    "NoSuchKey",
    "NoSuchVersion",
    "404",
    "MethodNotAllowed",
)  # the last: the version is a delete marker


class ObjectGone(Exception):
    """The object version is not in the bucket any more."""


@dataclass(frozen=True)
class Download:
    """An object version on disk."""

    path: Path
    size: int
    sha256: str


class Incoming:
    """Reads and sets aside what people put under incoming/; never changes it."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def size(self, arrival: Arrival) -> int:
        """Return the object's size in bytes. Raises ObjectGone."""
        with _gone(arrival):
            answer = self._client.head_object(**self._address(arrival))
        return answer["ContentLength"]

    @contextmanager
    def download(self, arrival: Arrival) -> Iterator[Download]:
        """Bring the object version to disk, in pieces, and remove it at the end. Raises ObjectGone."""
        with _gone(arrival):
            body = self._client.get_object(**self._address(arrival))["Body"]
        with tempfile.NamedTemporaryFile(prefix="trimtab-") as file:
            sha256, size = hashlib.sha256(), 0
            for chunk in body.iter_chunks(CHUNK):
                sha256.update(chunk)
                size += file.write(chunk)
            file.flush()
            yield Download(Path(file.name), size, sha256.hexdigest())

    def copy_to_quarantine(self, arrival: Arrival, *, size: int) -> str | None:
        """Copy the object version and return the copy's address; None if it is too large. Raises ObjectGone."""
        if size > COPY_LIMIT:
            return None
        suffix = PurePosixPath(arrival.key).suffix.lower()
        key = self._quarantine(arrival) + "object" + (suffix if suffix in SUFFIXES else "")
        source: Any = self._address(arrival)
        with _gone(arrival):
            # Tags stay behind, so that the function needs no right to read them.
            self._client.copy_object(
                Bucket=self._bucket, Key=key, CopySource=source, TaggingDirective="REPLACE"
            )
        return f"s3://{self._bucket}/{key}"

    def write_report(self, arrival: Arrival, report: Report) -> str:
        """Write the report beside the copy, as JSON and as a page, and return the address of the JSON."""
        folder = self._quarantine(arrival)
        for name, body, kind in (
            (PAGE, report_page(report), "text/markdown; charset=utf-8"),
            (REPORT, report.model_dump_json(indent=2), "application/json"),
        ):
            self._client.put_object(
                Bucket=self._bucket, Key=folder + name, Body=body.encode(), ContentType=kind
            )
        return f"s3://{self._bucket}/{folder}{REPORT}"

    def write_profile(self, arrival: Arrival, profile: Profile) -> None:
        """Write what was counted of the object beside the copy, for a person who may release it."""
        self._client.put_object(
            Bucket=self._bucket,
            Key=self._quarantine(arrival) + PROFILE,
            Body=profile.model_dump_json().encode(),
            ContentType="application/json",
        )

    def read_report(self, arrival: Arrival) -> Report:
        """Return the report on a quarantined object."""
        return Report.model_validate_json(self._read(self._quarantine(arrival) + REPORT))

    def read_profile(self, arrival: Arrival) -> Profile:
        """Return what was counted of a quarantined object."""
        return Profile.model_validate_json(self._read(self._quarantine(arrival) + PROFILE))

    def _read(self, key: str) -> bytes:
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def _quarantine(self, arrival: Arrival) -> str:
        return keys.quarantine_prefix(arrival.model, receipt_id(arrival))

    def _address(self, arrival: Arrival) -> dict[str, Any]:
        address = {"Bucket": self._bucket, "Key": arrival.key}
        return (
            address
            if arrival.version_id == "null"
            else {**address, "VersionId": arrival.version_id}
        )


@contextmanager
def _gone(arrival: Arrival) -> Iterator[None]:
    """Turn S3's ways to say that an object is not there into ObjectGone."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            raise ObjectGone(f"{arrival.key} (version {arrival.version_id})") from error
        raise
