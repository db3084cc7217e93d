"""Objects that several may write at the same time: each is written over only where it is as it was read."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trimtab.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ABSENT = ("NoSuchKey", "404")
TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")
ATTEMPTS = 10  # each lost one means that another wrote the object


class Overwritten(Exception):
    """Another wrote the object after it was read."""


class Objects:
    """The objects of a bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self, key: str) -> tuple[bytes | None, str]:
        """Return an object and its tag; None and no tag if it is not there."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return None, ""
            raise
        return answer["Body"].read(), answer["ETag"]

    def write(self, key: str, body: bytes, tag: str, **headers: str) -> None:
        """Write an object that has this tag, or, without one, is not there. Raises Overwritten otherwise."""
        condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                **condition,  # type: ignore[arg-type]
                **headers,  # type: ignore[arg-type]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in TAKEN:
                raise Overwritten from error
            raise

    def change(self, key: str, change: Callable[[bytes | None], bytes]) -> None:
        """Put in place of an object what `change` makes of it. Raises Conflict after ten lost attempts."""
        for _ in range(ATTEMPTS):
            body, tag = self.read(key)
            changed = change(body)
            if changed == body:
                return
            try:
                self.write(key, changed, tag)
            except Overwritten:
                continue
            return
        raise Conflict(
            f"others wrote {key} before each of {ATTEMPTS} attempts to", hint="repeat it"
        )
