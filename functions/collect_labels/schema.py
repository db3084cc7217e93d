"""The event that wakes this function: S3's "Object Created", as EventBridge delivers it."""

import hashlib
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.aws.keys import LABELS
from trimtab.errors import InvalidInput


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # AWS adds fields without notice


class _Object(_Said):
    key: Annotated[str, Field(min_length=1)]  # as it is, not URL-encoded
    version_id: Annotated[str, Field(alias="version-id")] = "null"


class _Bucket(_Said):
    name: str


class _Detail(_Said):
    bucket: _Bucket
    object: _Object


class LabelFile(_Said):
    """One version of one object under labels/."""

    detail: _Detail
    time: datetime  # when it was created: the same in every repetition

    @property
    def key(self) -> str:
        """Its key."""
        return self.detail.object.key

    @property
    def version_id(self) -> str:
        """Its version."""
        return self.detail.object.version_id

    @property
    def model(self) -> str:
        """The folder below labels/, which names the model; there may be no such model."""
        folder, slash, _ = self.key.removeprefix(LABELS).partition("/")
        return folder if slash else ""

    @property
    def uri(self) -> str:
        """Its address."""
        return f"s3://{self.detail.bucket.name}/{self.key}"

    @property
    def collection(self) -> str:
        """The id of the collection that it is, whoever delivers it how often."""
        return collection_id(self.time, f"{self.key}@{self.version_id}")


def collection_id(at: datetime, what: str) -> str:
    """Return the id of a collection: its time, so that ids are in order, and a hash of what it is."""
    return f"{at:%Y%m%dT%H%M%SZ}-{hashlib.sha256(what.encode()).hexdigest()[:16]}"


def read(event: dict[str, Any], *, bucket: str) -> LabelFile:
    """Return the object version that arrived. Raises InvalidInput if the event tells of none under labels/."""
    try:
        file = LabelFile.model_validate(event)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise InvalidInput(
            f"collect_labels cannot read the event: {fields} is missing or wrong",
            hint="its rule passes S3's Object Created; see infra/constructs/functions/collect_labels.py",
        ) from error
    if file.detail.bucket.name != bucket or not file.key.startswith(LABELS):
        raise InvalidInput(
            f"{file.uri} is not under s3://{bucket}/{LABELS}",
            hint="its rule passes that prefix only; see infra/constructs/functions/collect_labels.py",
        )
    return file
