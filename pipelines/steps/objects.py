"""Objects of S3, fetched to disk with their digest."""

import hashlib
from pathlib import Path
from typing import Any

from .failure import StepFailure

BLOCK = 1 << 20


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// address."""
    bucket, slash, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not slash or not key:
        raise StepFailure(f"expected s3://bucket/key, got {uri!r}")
    return bucket, key


def fetch(bucket: str, key: str, to: Path, *, version_id: str | None = None) -> str:
    """Fetch one object, or exactly one version of it, and return its SHA-256."""
    request: dict[str, Any] = {"Bucket": bucket, "Key": key}
    if version_id and version_id != "null":
        request["VersionId"] = version_id
    import boto3  # noqa: PLC0415 (an evaluation without a champion does not pay for it)
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    digest = hashlib.sha256()
    try:
        body = boto3.client("s3").get_object(**request)["Body"]
        with to.open("wb") as file:
            for block in body.iter_chunks(BLOCK):
                digest.update(block)
                file.write(block)
    except (BotoCoreError, ClientError) as error:
        which = f" version {version_id}" if version_id else ""
        raise StepFailure(f"s3://{bucket}/{key}{which} cannot be read: {error}") from error
    return digest.hexdigest()
