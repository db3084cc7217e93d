"""The batches of a dataset version, with addresses by which a person fetches them without rights to the bucket."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.registry_api.approvals import number
from functions.registry_api.paging import page
from trimtab.api.bodies import BatchFile
from trimtab.aws.datasets import Datasets
from trimtab.aws.manifests import Manifests
from trimtab.domain.datasets import Batch
from trimtab.errors import InvalidInput
from trimtab.runtime import Runtime, get_runtime

MINUTES = 15  # an address is good for


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API the route."""

    @app.get("/v1/models/<model>/datasets/<version>/batches")
    def list_batches(model: str, version: str) -> dict[str, Any]:
        runtime = get_runtime()
        runtime.models.get(model)
        found = Datasets(runtime.table).get(model, number(model, "dataset", version))
        batches = Manifests(runtime.s3, runtime.settings.bucket).of(found).batches[::-1]

        def listed(limit: int, after: str | None) -> tuple[list[BatchFile], str | None]:
            start = _place(after)
            shown = batches[start : start + limit]
            more = start + limit < len(batches)
            return [_file(runtime, one) for one in shown], str(start + limit) if more else None

        return page(app, BatchFile, listed)


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isascii() or not after.isdigit():
        raise InvalidInput(
            f"{after!r} is not a page token of this list", hint="start again without one"
        )
    return int(after[:9])


def _file(runtime: Runtime, batch: Batch) -> BatchFile:
    where = {"Bucket": runtime.settings.bucket, "Key": batch.key}
    if batch.version_id != "null":
        where["VersionId"] = batch.version_id
    url = runtime.s3_signer.generate_presigned_url(
        "get_object", Params=where, ExpiresIn=MINUTES * 60
    )
    return BatchFile(**batch.model_dump(), url=url)
