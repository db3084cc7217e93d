"""What a run's working tree differed by from its commit, as its writer kept it among the run's artifacts."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trimtab.domain.tracking.artifact_paths import place_of, safe_path
from trimtab.domain.tracking.runs import Run
from trimtab.domain.tracking.summaries import code_of
from trimtab.errors import InvalidInput

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST = 200_000  # bytes that are read: two of them fit into an answer


def code_diff(client: "S3Client", bucket: str, run: Run) -> str | None:
    """Return the difference, cut off if it is long; None if there is none, or none that can be read here."""
    path = code_of(run.tags).diff_path
    if path is None:
        return None
    try:
        place = place_of(run.artifact_uri, bucket)
        key = place.key(safe_path(path))
        answer = client.get_object(Bucket=place.bucket, Key=key, Range=f"bytes=0-{MOST - 1}")
    except (InvalidInput, ClientError):
        return None
    return answer["Body"].read().decode(errors="replace")
