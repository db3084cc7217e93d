"""S3's event "Object Created", as EventBridge delivers it to whoever takes in what people upload."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.errors import InvalidInput


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # AWS adds fields without notice


class _Object(_Said):
    key: Annotated[
        str, Field(min_length=1)
    ]  # as it is, not URL-encoded: a plus sign is a plus sign
    version_id: Annotated[str, Field(alias="version-id")] = "null"


class _Bucket(_Said):
    name: str


class _Detail(_Said):
    bucket: _Bucket
    object: _Object


class ObjectCreated(_Said):
    """One version of one object, and when it was created: the same in every repetition of the event."""

    detail: _Detail
    time: datetime

    @property
    def key(self) -> str:
        """Its key."""
        return self.detail.object.key

    @property
    def version_id(self) -> str:
        """Its version; "null" in a bucket that keeps none."""
        return self.detail.object.version_id

    @property
    def uri(self) -> str:
        """Its address."""
        return f"s3://{self.detail.bucket.name}/{self.key}"


def read_object_created(
    event: dict[str, Any], *, by: str, bucket: str, prefix: str
) -> ObjectCreated:
    """Return the object that a function (`by`) is told of. Raises InvalidInput if it is none under this prefix."""
    rule = f"see infra/constructs/functions/{by}.py"
    try:
        created = ObjectCreated.model_validate(event)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise InvalidInput(
            f"{by} cannot read the event: {fields} is missing or wrong",
            hint=f"its rule passes S3's Object Created; {rule}",
        ) from error
    if created.detail.bucket.name != bucket or not created.key.startswith(prefix):
        raise InvalidInput(
            f"{created.uri} is not under s3://{bucket}/{prefix}",
            hint=f"its rule passes that prefix only; {rule}",
        )
    return created
