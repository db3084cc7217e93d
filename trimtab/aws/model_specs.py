"""The compiled model specs: one content-addressed JSON object, written at synth, read once per cold start."""

import json
from typing import TYPE_CHECKING

from trimtab.domain.model import ModelSpec
from trimtab.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ModelSpecs:
    """The models this deployment knows."""

    def __init__(self, client: "S3Client", uri: str) -> None:
        self._client = client
        self._bucket, _, self._key = uri.removeprefix("s3://").partition("/")
        self._specs: dict[str, ModelSpec] | None = None

    def all(self) -> dict[str, ModelSpec]:
        """Return every model by name."""
        if self._specs is None:
            body = self._client.get_object(Bucket=self._bucket, Key=self._key)["Body"].read()
            self._specs = {
                name: ModelSpec.model_validate(spec, strict=False)
                for name, spec in json.loads(body).items()
            }
        return self._specs

    def get(self, name: str) -> ModelSpec:
        """Return one model. Raises NotFound naming the models there are."""
        specs = self.all()
        if name not in specs:
            raise NotFound(
                f"there is no model {name!r}",
                hint=f"this deployment knows: {', '.join(sorted(specs)) or 'none'}",
            )
        return specs[name]
