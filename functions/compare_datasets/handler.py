"""GET /v1/models/{model}/datasets/{version}/diff."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trimtab.api.queries import Compared
from trimtab.aws.datasets import Datasets
from trimtab.aws.manifests import Manifests
from trimtab.aws.profiles import Profiles
from trimtab.domain.dataset_diff import Side, diff
from trimtab.domain.dataset_differences import DatasetDiff
from trimtab.errors import NotFound
from trimtab.http import api
from trimtab.observability import logger
from trimtab.query import cut_down, read_query
from trimtab.runtime import Runtime, get_runtime

DIGITS = 8  # of a version, as in the table's keys
app = api()


@app.get("/v1/models/<model>/datasets/<version>/diff")
def diff_datasets(model: str, version: str) -> dict[str, Any]:
    """Answer what the version holds that another does not, and what moved between them."""
    runtime, query = get_runtime(), read_query(app, Compared)
    spec = runtime.models.get(model)
    if not (version.isascii() and version.isdigit() and len(version) <= DIGITS):
        raise NotFound(
            f"{model} has no dataset {version!r}", hint="a dataset is a whole number from 1"
        )
    other = int(version)
    base = query.base or max(1, other - 1)
    told = diff(
        _side(runtime, model, base),
        _side(runtime, model, other),
        (spec.data.target, *spec.features),
    )
    return cut_down(told.model_dump(mode="json"), query, DatasetDiff)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer API Gateway."""
    return app.resolve(event, context)


def _side(runtime: Runtime, model: str, version: int) -> Side:
    found = Datasets(runtime.table).get(model, version)
    bucket = runtime.settings.bucket
    manifest = Manifests(runtime.s3, bucket).of(found)
    profiles = Profiles(runtime.s3, bucket)
    return Side(
        manifest=manifest,
        profile=profiles.read(manifest.profile_uri) if manifest.profile_uri else None,
    )
