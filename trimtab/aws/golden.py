"""The golden requests that evaluations left in the bucket."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trimtab.aws import keys
from trimtab.domain.golden import Golden

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class GoldenRequests:
    """Reads golden requests."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, model: str, execution_id: str) -> Golden | None:
        """Return what an execution's version must answer, or None if its evaluation left nothing to ask."""
        key = keys.golden_key(model, execution_id)
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket", "404"):
                return None
            raise
        return Golden.model_validate_json(body)
