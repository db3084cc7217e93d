"""Copying between S3 and folders, as SageMaker does around a container."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.sagemaker.errors import invalid


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://bucket/key` address. Raises ValidationException."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise invalid(f"{uri} is not an address of the form s3://bucket/key")
    return bucket, key


def download(s3: Any, uri: str, folder: Path) -> int:
    """Copy every object whose key begins with an address's key into a folder; return how many.

    The prefix is a string, as on AWS: `in` takes `in/a.csv` and `in-2/b.csv` too; end it with a slash to mean a folder.
    Raises ValidationException if there is nothing.
    """
    bucket, prefix = split(uri)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for key in _keys(s3, bucket, prefix):
        target = folder / _below(prefix, key)
        if not target.resolve().is_relative_to(folder.resolve()):
            raise invalid(f"object key {key} leads out of the folder it would be copied to")
        target.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(target))
        count += 1
    if count == 0:
        raise invalid(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
            "the bucket exists in the selected region, that objects exist under that S3 prefix, and "
            "that the role has s3:ListBucket on it."
        )
    return count


def upload(s3: Any, folder: Path, uri: str) -> int:
    """Copy every file of a folder under an address; return how many."""
    bucket, prefix = split(uri.rstrip("/"))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        key = "/".join(part for part in (prefix, path.relative_to(folder).as_posix()) if part)
        s3.upload_file(str(path), bucket, key)
    return len(files)


def upload_archive(s3: Any, folder: Path, uri: str) -> None:
    """Store a folder's content as one gzipped tar at an address."""
    archive = folder.with_name(f"{folder.name}.tar.gz")
    with tarfile.open(archive, "w:gz", compresslevel=6) as packed:
        for path in sorted(folder.iterdir()):
            packed.add(path, path.name)
    bucket, key = split(uri)
    s3.upload_file(str(archive), bucket, key)
    archive.unlink()


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """Yield every key that begins with the prefix, but for the marks of empty folders."""
    for found in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in found.get("Contents", []):
            key = str(item["Key"])
            if not key.endswith("/"):
                yield key


def _below(prefix: str, key: str) -> str:
    """Where an object goes: its path under the prefix; a name that the prefix cuts in two stays whole."""
    rest = key[len(prefix) :]
    if rest.startswith("/"):
        return rest.lstrip("/")
    return prefix.rpartition("/")[2] + rest
