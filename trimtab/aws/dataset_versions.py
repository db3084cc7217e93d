"""Makes dataset versions: gives each accepted batch the next version, whoever else does the same at that moment.

The order, and why nothing is lost wherever this stops:

1. The profile is written under the batch's SHA-256, and that of all the version's batches under their digest:
   repeating it writes the same.
2. The manifest is written as `datasets/<model>/<n+1>/manifest.json` if there is no such object yet (a conditional
   put): only one writer can have the name. Whoever finds it taken finishes that acceptance first. The manifest
   holds all it takes: so a writer that died between 2 and 3 blocks nobody, and its batch is not lost.
3. One transaction makes the version, the batch, the receipt and the audit entry. A version without a manifest
   cannot be seen, and a batch cannot be accepted twice.
4. The caller publishes DatasetAccepted. If it dies before that, the event that woke it comes again, finds the
   receipt and publishes then.

A name is claimed only by who has seen version n and, after that, no batch of the same bytes: so a claim always
can be committed, but for one case: the object has come to another outcome meanwhile (the contract was changed between
two deliveries of its event, or one person released a batch while another rejected it). That receipt stands; the claim
is dead, and the next writer puts its own in its place.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trimtab.aws import keys
from trimtab.aws.datasets import Datasets, receipt_of
from trimtab.aws.manifests import Manifests
from trimtab.aws.profiles import Profiles
from trimtab.aws.table import Stale
from trimtab.domain.anomalies import cut
from trimtab.domain.datasets import (
    Arrival,
    Batch,
    Closing,
    DatasetVersion,
    Manifest,
    Outcome,
    Receipt,
)
from trimtab.domain.manifests import next_manifest
from trimtab.domain.profile import Profile
from trimtab.domain.since_last import Last
from trimtab.domain.windows import Window
from trimtab.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE = 100
ATTEMPTS = 100  # each lost attempt means that somebody else's batch was accepted meanwhile
TAKEN = (
    "PreconditionFailed",
    "ConditionalRequestConflict",
)  # 412: is there; 409: is being written now


class DatasetVersions:
    """Makes the dataset versions of all models."""

    def __init__(
        self, datasets: Datasets, client: "S3Client", bucket: str, *, attempts: int = ATTEMPTS
    ) -> None:
        self._datasets = datasets
        self._client = client
        self._bucket = bucket
        self._manifests = Manifests(client, bucket)
        self._profiles = Profiles(client, bucket)
        self._attempts = attempts

    def accept(
        self, model: str, batch: Batch, profile: Profile, *, window: Window, now: datetime
    ) -> Receipt:
        """Make the next dataset version with the batch, or find that its bytes or its object are known already."""
        profile_uri = self._profiles.put(model, batch.sha256, profile)
        batch = batch.model_copy(update={"profile_uri": profile_uri, "accepted_at": now})
        for _ in range(self._attempts):
            latest = self._datasets.latest(model)
            # Only after `latest`: see the module's text on claims.
            if (known := self._known(model, batch, now=now)) is not None:
                return known
            previous = None if latest is None else self._manifests.of(latest)
            accepted = (*self._accepted(model, previous, window), batch)
            version = previous.version + 1 if previous else 1
            mine = next_manifest(version, accepted, model=model, window=window, now=now)
            merged_uri = self._profiles.put_merged(mine, previous, profile)
            self._claim(mine.model_copy(update={"profile_uri": merged_uri}))
        raise Conflict(
            f"{batch.key} found no free dataset version in {self._attempts} attempts",
            hint="send the event again when fewer files arrive at once",
        )

    def last(self, model: str) -> Last | None:
        """Return the batch that made the newest dataset version; None if there is none yet."""
        latest = self._datasets.latest(model)
        if latest is None:
            return None
        uri = latest.batch.profile_uri or self._uri(
            keys.batch_profile_key(model, latest.batch.sha256)
        )
        return Last(dataset_version=latest.version, profile=self._profiles.read(uri))

    def duplicate(
        self, model: str, arrival: Arrival, *, sha256: str, now: datetime
    ) -> Receipt | None:
        """Write down that an object's bytes made a dataset version before; None if they did not."""
        version = self._datasets.version_with(model, sha256)
        if version is None:
            return None
        return self._datasets.record(self._duplicate_of(version, model, arrival, sha256, now))

    def _duplicate_of(
        self, version: int, model: str, arrival: Arrival, sha256: str, now: datetime
    ) -> Receipt:
        of = self._datasets.get(model, version).batch
        reason = (
            f"the same {of.size:,} bytes as {cut(of.key)}, which made dataset version {version}"
        )
        return receipt_of(
            arrival,
            Outcome.duplicate,
            reason=reason,
            at=now,
            dataset_version=version,
            sha256=sha256,
        )

    def _known(self, model: str, batch: Batch, *, now: datetime) -> Receipt | None:
        receipt = self._datasets.receipt(batch.arrival)
        if batch.release is None:
            if receipt is not None:
                return receipt
            return self.duplicate(model, batch.arrival, sha256=batch.sha256, now=now)
        if receipt is None or not receipt.is_in_quarantine:
            return receipt
        return self._released_duplicate(model, batch, now=now)

    def _released_duplicate(self, model: str, batch: Batch, *, now: datetime) -> Receipt | None:
        """End the quarantine of bytes that were accepted by another way meanwhile; None if they were not."""
        version = self._datasets.version_with(model, batch.sha256)
        if version is None:
            return None
        same = self._duplicate_of(version, model, batch.arrival, batch.sha256, now)
        closed = same.model_copy(update=closed_fields(batch))
        try:
            self._datasets.close(closed)
        except Stale:
            return self._datasets.receipt(batch.arrival)
        return closed

    def _accepted(self, model: str, previous: Manifest | None, window: Window) -> tuple[Batch, ...]:
        """The batches that the window may choose from, in the order of their acceptance."""
        if previous is None:
            return ()
        if previous.window == window:
            return previous.batches  # what this window left out once, it leaves out for good
        found: list[Batch] = []
        after: str | None = None
        while True:
            page, after = self._datasets.list(model, limit=PAGE, after=after)
            found += [version.batch for version in page if version.version <= previous.version]
            if after is None:
                return tuple(reversed(found))

    def _claim(self, mine: Manifest) -> None:
        """Take the version's name, or see who has it; either way finish that acceptance."""
        key = keys.manifest_key(mine.model, mine.version)
        body = mine.model_dump_json(indent=2)
        if self._put(key, body, IfNoneMatch="*"):
            standing, etag = mine, None
        else:
            standing, etag = self._manifests.at(key)
        if not self._finish(standing):
            # Dead: its object has another receipt. Whoever is first puts a claim of their own in its place.
            self._put(key, body, IfMatch=etag or self._manifests.at(key)[1])

    def _finish(self, manifest: Manifest) -> bool:
        """Commit what the manifest says. False if it never can be, since its object has another receipt."""
        version, receipt = self._records(manifest)
        for _ in range(self._attempts):
            if self._datasets.has(manifest.model, manifest.version):
                return True
            try:
                self._datasets.add(version, receipt)
            except Stale:
                other = self._datasets.receipt(version.batch.arrival)
                if other is not None and not _may_become(other, version):
                    return False
        raise Conflict(
            f"{version.manifest_uri} could not be committed in {self._attempts} attempts"
        )

    def _records(self, manifest: Manifest) -> tuple[DatasetVersion, Receipt]:
        batch = manifest.batches[-1]
        version = DatasetVersion(
            model=manifest.model,
            version=manifest.version,
            rows=manifest.rows,
            batch_count=len(manifest.batches),
            batches_digest=manifest.digest,
            batch=batch,
            manifest_uri=self._uri(keys.manifest_key(manifest.model, manifest.version)),
            profile_uri=manifest.profile_uri,
            created_at=manifest.created_at,
            reason=manifest.sentence,
        )
        receipt = receipt_of(
            batch.arrival,
            Outcome.accepted,
            reason=manifest.sentence,
            at=manifest.created_at,
            dataset_version=manifest.version,
            sha256=batch.sha256,
        )
        return version, receipt.model_copy(update=closed_fields(batch))

    def _uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def _put(self, key: str, body: str, **condition: Any) -> bool:
        """Write a JSON object. False if the condition does not hold."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body.encode(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if condition and error.response["Error"]["Code"] in TAKEN:
                return False
            raise
        return True


def closed_fields(batch: Batch) -> dict[str, Any]:
    """What the receipt of a batch that a person released says beside the rest; nothing for any other."""
    release = batch.release
    if release is None:
        return {}
    closing = Closing(verdict="released", actor=release.actor, reason=release.reason, at=release.at)
    return {
        "closing": closing,
        "report_uri": release.report_uri,
        "anomalies": release.anomalies,
    }


def _may_become(receipt: Receipt, version: DatasetVersion) -> bool:
    """Whether an object with this receipt may still be, or already is, the batch that makes the version."""
    if version.batch.release is not None and receipt.is_in_quarantine:
        return True
    return receipt.outcome is Outcome.accepted and receipt.dataset_version == version.version
