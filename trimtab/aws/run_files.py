"""The files of recorded runs in the bucket: an execution's own artifacts, with what is told of it beside them."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trimtab.aws import keys
from trimtab.domain.recording.recipe import Package, Recipe, of_trial
from trimtab.domain.recording.runs import EXECUTION_TAG, RECIPE_FILE, TRIAL_TAG, is_recorded
from trimtab.domain.tracking.runs import Run
from trimtab.domain.tracking.summaries import MODEL_TAG

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOT_THERE = ("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404")
NOT_READABLE = (*NOT_THERE, "AccessDenied", "403")


class RunFiles:
    """Reads and writes what executions leave, and keeps the code that they ran."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def uri(self, model: str, execution_id: str) -> str:
        """Return the address of everything that an execution writes: its run's artifacts."""
        return f"s3://{self._bucket}/{keys.run_prefix(model, execution_id).rstrip('/')}"

    def put(self, model: str, execution_id: str, path: str, body: bytes, kind: str) -> None:
        """Write a file among an execution's artifacts."""
        key = keys.run_prefix(model, execution_id) + path
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=kind)

    def json(self, model: str, execution_id: str, path: str) -> Any:
        """Return what a file among an execution's artifacts says, or None if there is none."""
        body = self._read(self._bucket, keys.run_prefix(model, execution_id) + path, NOT_THERE)
        try:
            return None if body is None else json.loads(body)
        except ValueError:
            return None

    def report(self, model: str, execution_id: str) -> dict[str, Any] | None:
        """Return the evaluation's report, or None if the execution left none that can be read."""
        body = self._read(self._bucket, keys.evaluation_key(model, execution_id), NOT_THERE)
        try:
            told = None if body is None else json.loads(body)
        except ValueError:
            return None
        return told if isinstance(told, dict) else None

    def recipe(self, model: str, execution_id: str) -> Recipe | None:
        """Return the recipe of an execution's run, or None if none was written."""
        told = self.json(model, execution_id, RECIPE_FILE)
        return None if told is None else Recipe.model_validate(told, strict=False)

    def recipe_of(self, run: Run) -> Recipe | None:
        """Return the recipe of a run: of a trial what trains it once; None if nobody recorded one."""
        arn, model = run.tags.get(EXECUTION_TAG), run.tags.get(MODEL_TAG)
        if not arn or not model or not is_recorded(run):
            return None
        recipe = self.recipe(model, arn.rpartition("/")[2])
        return of_trial(recipe, run.params) if recipe and TRIAL_TAG in run.tags else recipe

    def keep_code(self, model: str, uri: str) -> Package | None:
        """Keep packed code for good, by its content; None if it cannot be read any more."""
        body = self.at(uri)
        if body is None:
            return None
        sha256 = hashlib.sha256(body).hexdigest()
        name = uri.rpartition("/")[2]
        key = keys.source_key(model, sha256, name[name.index(".") :] if "." in name else "")
        if not uri.endswith(key):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body)
        return Package(uri=uri, kept_uri=f"s3://{self._bucket}/{key}", sha256=sha256)

    def at(self, uri: str) -> bytes | None:
        """Return the object at an address, or None if it is not there or may not be read."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self._read(bucket, key, NOT_READABLE)

    def _read(self, bucket: str, key: str, silent: tuple[str, ...]) -> bytes | None:
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in silent:
                return None
            raise
