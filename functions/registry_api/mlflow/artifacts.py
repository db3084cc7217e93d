"""Files of runs and logged models: what there is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.proxied_artifacts import told
from functions.registry_api.mlflow.request import Request
from trimtab.aws.tracking.artifacts import Artifacts
from trimtab.domain.tracking.artifact_paths import place_of, safe_path

NAME_BYTES = 1024


def listed(request: Request, uri: str, path: str, token: str | None) -> dict[str, Any]:
    """Return a page of what is right under a path below an artifact address, as the wire tells it."""
    place = place_of(uri, request.runtime.settings.bucket)
    found, after = _artifacts(request).page(place, safe_path(path), after=_after(token))
    files = [told(each, each.path) for each in found]
    answer: dict[str, Any] = {"root_uri": uri, "files": files}
    return answer if after is None else {**answer, "next_page_token": _token(after)}


def _artifacts(request: Request) -> Artifacts:
    return Artifacts(request.runtime.s3, request.runtime.s3_signer)


def _token(after: str) -> str:
    return urlsafe_b64encode(after.encode()).decode()


def _after(token: str | None) -> str | None:
    if not token:
        return None
    try:
        after = urlsafe_b64decode(token.encode("ascii")).decode()
    except ValueError:
        after = ""
    if not 0 < len(after.encode()) <= NAME_BYTES:
        raise WireError(f"Invalid page token: {token[:100]}")
    return after
