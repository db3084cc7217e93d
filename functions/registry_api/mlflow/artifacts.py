"""Files of runs and logged models: what there is, and addresses by which clients without rights in S3 reach it."""

import mimetypes
from typing import Any

from functions.registry_api.mlflow import tokens
from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.messages import run_id_of
from functions.registry_api.mlflow.proxied_artifacts import BINARY, told
from functions.registry_api.mlflow.request import Request
from trimtab.aws.tracking.artifacts import Artifacts
from trimtab.aws.tracking.logged_models import LoggedModels
from trimtab.domain.tracking.artifact_paths import Place, place_of, safe_path
from trimtab.domain.tracking.logged_models import checked_id

PREFIX = "/api/2.0/mlflow/artifacts/"
WRITE_SECONDS = 900  # MLflow's own defaults
READ_SECONDS = 300
NAME_BYTES = 512  # of a file's or folder's name that a page token tells
SECONDS_MOST = 604_800  # the longest that S3 lets an address hold, though no longer than the function's credentials


def listing(request: Request) -> dict[str, Any]:
    """Answer a page of what is right under a path of a run's artifacts."""
    fields = request.fields
    path, token = fields.text("path") or "", fields.text("page_token")
    return listed(request, _of_run(request, run_id_of(fields)), path, token)


def upload_address(request: Request) -> dict[str, Any]:
    """Answer an address to which the client puts a file of a run or a logged model."""
    fields = request.fields
    run_id, model_id = fields.text("run_id"), fields.text("model_id")
    path = safe_path(fields.required_text("path"))
    if bool(run_id) == bool(model_id):
        raise WireError("Exactly one of run_id and model_id must be provided.")
    uri = _of_run(request, run_id) if run_id else _of_model(request, model_id or "")
    place, seconds = _direct(request, uri, "upload"), _seconds(request, WRITE_SECONDS)
    kind = mimetypes.guess_type(path)[0] or BINARY
    address = _artifacts(request).address_to_write(place, path, kind, seconds=seconds)
    return {"presigned_url": address, "headers": {"Content-Type": kind}}


def download_address(request: Request) -> dict[str, Any]:
    """Answer an address from which the client gets a file of a run."""
    run_id, path = request.fields.required_text("run_id"), request.fields.required_text("path")
    safe, seconds = safe_path(path), _seconds(request, READ_SECONDS)
    place, artifacts = _direct(request, _of_run(request, run_id), "download"), _artifacts(request)
    size = artifacts.size(place, safe)
    address = artifacts.address_to_read(place, safe, seconds=seconds)
    return {"presigned_url": address, "headers": {}, "file_size": size}


def listed(request: Request, uri: str, path: str, token: str | None) -> dict[str, Any]:
    """Return a page of what is right under a path below an artifact address, as the wire tells it."""
    place, after = place_of(uri, request.runtime.settings.bucket), tokens.place_of(token, uri, path)
    if after is not None and not (isinstance(after, str) and 0 < len(after.encode()) <= NAME_BYTES):
        raise WireError("Invalid page token, it tells no artifact")
    found, after = _artifacts(request).page(place, safe_path(path), after=after)
    files = [told(each, each.path) for each in found]
    answer: dict[str, Any] = {"root_uri": uri, "files": files}
    return (
        answer
        if after is None
        else {**answer, "next_page_token": tokens.token_of(after, uri, path)}
    )


def _artifacts(request: Request) -> Artifacts:
    return Artifacts(request.runtime.s3, request.runtime.s3_signer)


def _of_run(request: Request, run_id: str) -> str:
    return request.runtime.runs.get(run_id).artifact_uri


def _of_model(request: Request, model_id: str) -> str:
    return (
        LoggedModels(request.runtime.table, request.runtime.beliefs)
        .get(checked_id(model_id))
        .artifact_uri
    )


def _direct(request: Request, uri: str, what: str) -> Place:
    scheme = uri.partition(":")[0]
    if scheme != "s3":
        raise WireError(
            f"Presigned {what} is not supported for proxied artifact storage (artifact URI scheme: {scheme}). "
            "This endpoint requires a direct cloud storage artifact URI."
        )
    return place_of(uri, request.runtime.settings.bucket)


def _seconds(request: Request, otherwise: int) -> int:
    given = request.fields.integer("expiration")
    seconds = otherwise if given is None else given
    if not 1 <= seconds <= SECONDS_MOST:
        raise WireError(f"expiration must be between 1 and {SECONDS_MOST} seconds (got {seconds}).")
    return seconds


ENDPOINTS = {
    ("GET", PREFIX + "list"): listing,
    ("POST", PREFIX + "presigned-upload-url"): upload_address,
    ("POST", PREFIX + "presigned-download-url"): download_address,
}
