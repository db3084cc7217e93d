"""The report that a run's evaluation left in the bucket: metrics and the gate's sentence."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from trimtab.aws import keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Gate(BaseModel):
    """What the gate said."""

    passed: bool
    sentence: str


class Evaluation(BaseModel):
    """What is read of an evaluation; it says more than this."""

    metrics: dict[str, Any]
    gate: Gate


class Evaluations:
    """Reads evaluation reports."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, model: str, execution_id: str) -> Evaluation | None:
        """Return the report of one execution, or None if it left none that can be read."""
        key = keys.evaluation_key(model, execution_id)
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            return Evaluation.model_validate_json(body)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        except ValidationError:
            return None
