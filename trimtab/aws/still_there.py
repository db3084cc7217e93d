"""Looks whether what a recipe names is still there: packed code, manifest, and each object version that it pins."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from trimtab.aws.manifests import Manifests
from trimtab.domain.datasets import Batch, Manifest
from trimtab.domain.recording.recipe import DataPin, Recipe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT_ONCE = 8  # object versions that are asked for at the same time
NOT_THERE = ("404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "400", "405", "MethodNotAllowed")
"""What S3 says of a version that is gone; 400 of an id that is none of its, 405 of a delete marker."""


class StillThere:
    """Names what a rerun would lack."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def gone(self, recipe: Recipe, *, with_data: bool) -> Iterator[str]:
        """Yield a sentence for each thing that is not there any more; `with_data`: the run reads the same bytes."""
        yield from self._code(recipe)
        if not with_data:
            return
        if recipe.data is None:
            yield "the data that it read were not recorded"
        else:
            yield from self._data(recipe.data)

    def _code(self, recipe: Recipe) -> Iterator[str]:
        if recipe.source is None:
            yield "the packed code was not kept: it was gone when the run was recorded"
        elif not self._is_there(_key(recipe.source.kept_uri)):
            yield f"the packed code {recipe.source.kept_uri} is gone"

    def _data(self, pin: DataPin) -> Iterator[str]:
        try:
            manifest, _ = Manifests(self._client, self._bucket).at(_key(pin.manifest_uri))
        except (ClientError, ValidationError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] not in NOT_THERE:
                raise
            yield f"the manifest {pin.manifest_uri} is gone or cannot be read"
            return
        if manifest.digest != pin.digest:
            yield (
                f"the manifest {pin.manifest_uri} has digest {manifest.digest[:12]}, "
                f"and the run read {pin.digest[:12]}"
            )
            return
        yield from self._batches(manifest)

    def _batches(self, manifest: Manifest) -> Iterator[str]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            lacking = list(pool.map(self._lacks, manifest.batches))
        for batch, lacks in zip(manifest.batches, lacking, strict=True):
            if lacks:
                yield f"{batch.key}, version {batch.version_id}, {lacks}"

    def _lacks(self, batch: Batch) -> str | None:
        """Say what is wrong with the object version that a batch is; None if it is there."""
        size = self._size(batch.key, batch.version_id)
        if size is None:
            return f"is gone ({batch.rows:,} rows, sha256 {batch.sha256[:12]})"
        return None if size == batch.size else f"has {size:,} bytes, not {batch.size:,}"

    def _is_there(self, key: str) -> bool:
        return self._size(key, None) is not None

    def _size(self, key: str, version_id: str | None) -> int | None:
        pinned: dict[str, Any] = {"VersionId": version_id} if version_id else {}
        try:
            return self._client.head_object(Bucket=self._bucket, Key=key, **pinned)["ContentLength"]
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return None
            raise


def _key(uri: str) -> str:
    return uri.removeprefix("s3://").partition("/")[2]
