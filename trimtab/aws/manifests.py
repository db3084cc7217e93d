"""Manifests of dataset versions, as the bucket holds them."""

from typing import TYPE_CHECKING

from trimtab.aws import keys
from trimtab.domain.datasets import DatasetVersion, Manifest
from trimtab.errors import Fault

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Manifests:
    """Reads manifests, and insists that they are what the versions were made of."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def of(self, version: DatasetVersion) -> Manifest:
        """Return what the version holds. Raises Fault if the object is not the one that made the version."""
        manifest, _ = self.at(keys.manifest_key(version.model, version.version))
        if manifest.digest != version.batches_digest:
            raise Fault(
                f"{version.manifest_uri} does not hold the batches that dataset version {version.version} was made of",
                hint="the bucket keeps older versions of the object: restore the one with the recorded digest",
            )
        return manifest

    def at(self, key: str) -> tuple[Manifest, str]:
        """Return the manifest at a key, and its entity tag."""
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        return Manifest.model_validate_json(answer["Body"].read()), answer["ETag"]
