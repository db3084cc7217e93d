"""Dataset versions as validate_dataset makes them, on a deployment in this process."""

from typing import Any

from tests.moto_platform import MODEL, MotoPlatform, trimtab_event
from trimtab.aws.dataset_versions import DatasetVersions
from trimtab.aws.datasets import Datasets
from trimtab.domain.datasets import Batch
from trimtab.domain.profile import Profile
from trimtab.domain.windows import Window

ALL = Window()


def accept(
    platform: MotoPlatform, number: int, *, window: Window = ALL, version_id: str | None = None
) -> dict[str, Any]:
    """Accept file `number`, and return the event that tells of its dataset version."""
    bucket = platform.runtime.settings.bucket
    versions = DatasetVersions(Datasets(platform.table), platform.runtime.s3, bucket)
    batch = Batch(
        key=f"incoming/{MODEL}/{number}.csv",
        version_id=version_id or f"v{number}",
        size=10,
        sha256=f"{number:064x}",
        rows=1000,
        format="csv",
    )
    profile = Profile(rows=1000, columns={})
    receipt = versions.accept(MODEL, batch, profile, window=window, now=platform.clock.now())
    assert receipt.dataset_version is not None
    dataset = Datasets(platform.table).get(MODEL, receipt.dataset_version)
    detail = {
        "schema_version": 1,
        "model": MODEL,
        "at": platform.clock.now().isoformat(),
        "reason": dataset.reason,
        "dataset_version": dataset.version,
        "batch_key": batch.key,
        "batch_rows": batch.rows,
        "rows": dataset.rows,
        "manifest_uri": dataset.manifest_uri,
    }
    return trimtab_event("DatasetAccepted", detail)
