"""Woken by every object version that is created under labels/, and by requests that bring labels."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.collect_labels.collecting import Collecting, Origin, insist_on, told_of
from functions.collect_labels.schema import collection_id, model_of
from trimtab.api.bodies import LabelsWanted, LabelsWish
from trimtab.api.queries import WantedQuery
from trimtab.aws.keys import LABELS
from trimtab.domain.quality.collections import Collection
from trimtab.http import api, body_json, caller
from trimtab.object_created import read_object_created
from trimtab.observability import logger
from trimtab.query import cut_down, read_query
from trimtab.runtime import get_runtime

app = api()


@app.post("/v1/models/<model>/labels")
def collect(model: str) -> dict[str, Any]:
    """Take in labels, and say what became of each."""
    runtime = get_runtime()
    spec, wish, now = runtime.models.get(model), body_json(app, LabelsWish), runtime.clock.now()
    insist_on(wish.labels, spec)
    now = now.replace(microsecond=0)
    route = f"POST /v1/models/{model}/labels"
    origin = Origin(collection_id(now, runtime.new_id()), route, caller(app), now)
    return _told(Collecting(runtime, spec).take_request(origin, wish.labels))


@app.get("/v1/models/<model>/labels/wanted")
def wanted(model: str) -> dict[str, Any]:
    """Say which predictions of a day are worth a label."""
    runtime = get_runtime()
    spec, query = runtime.models.get(model), read_query(app, WantedQuery)
    found = Collecting(runtime, spec).wanted(query.day.date() if query.day else None)
    return cut_down(found.model_dump(mode="json"), query, LabelsWanted)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request, or take in the file that an event tells of."""
    if "requestContext" in event:
        return app.resolve(event, context)
    runtime = get_runtime()
    bucket = runtime.settings.bucket
    file = read_object_created(event, by="collect_labels", bucket=bucket, prefix=LABELS)
    if file.key.endswith("/"):
        return {}  # the mark of a folder
    return _told(Collecting(runtime, runtime.models.get(model_of(file))).take_file(file))


def _told(found: Collection) -> dict[str, Any]:
    # After the commit, and again with every repetition of the event: it may have died just before.
    if news := told_of(found):
        get_runtime().bus.publish(*news)
    logger.info("labels collected", model=found.model, collection=found.id, reason=found.sentence)
    return found.model_dump(mode="json")
