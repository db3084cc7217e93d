"""Profiles of batches, and of the batches of a dataset version together: written once, by content."""

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from trimtab.aws import keys
from trimtab.domain.datasets import Batch, Manifest
from trimtab.domain.profile import Profile
from trimtab.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Profiles:
    """Keeps the profiles of all models. What is written under a name is always the same, whoever writes it."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, model: str, sha256: str, profile: Profile) -> str:
        """Keep the profile of the batch with these bytes and return its address."""
        return self._write(keys.batch_profile_key(model, sha256), profile)

    def put_merged(
        self, manifest: Manifest, previous: Manifest | None, newest: Profile
    ) -> str | None:
        """Keep the profile of a manifest's batches together and return its address.

        None if the batches have no common profile: a column that changed its type has none with its former self.
        """
        try:
            merged = self._merged(manifest, previous, newest)
        except Conflict:
            return None
        return self._write(keys.merged_profile_key(manifest.model, manifest.digest), merged)

    def read(self, uri: str) -> Profile:
        """Return the profile at an address."""
        key = uri.removeprefix(f"s3://{self._bucket}/")
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        return Profile.model_validate_json(answer["Body"].read())

    def _merged(self, manifest: Manifest, previous: Manifest | None, newest: Profile) -> Profile:
        *older, _ = manifest.batches
        if not older:
            return newest
        if previous and previous.profile_uri and previous.batches == tuple(older):
            return self.read(previous.profile_uri).merge(newest)
        return reduce(Profile.merge, self._of(manifest.model, older), newest)

    def _of(self, model: str, batches: Sequence[Batch]) -> list[Profile]:
        return [
            self.read(batch.profile_uri or keys.batch_profile_key(model, batch.sha256))
            for batch in batches
        ]

    def _write(self, key: str, profile: Profile) -> str:
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=profile.model_dump_json().encode(),
            ContentType="application/json",
        )
        return f"s3://{self._bucket}/{key}"
