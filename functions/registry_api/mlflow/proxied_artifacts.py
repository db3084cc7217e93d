"""Files of clients that have no rights in S3: small ones through the API, all others by addresses that it signs."""

import json
import re
from typing import Any

from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.fields import Fields, missing
from functions.registry_api.mlflow.request import Answer, Request
from trimtab.aws.tracking.artifacts import Artifact, Artifacts
from trimtab.domain.tracking.artifact_paths import Place, proxied_place, safe_path

ROOT = "/api/2.0/mlflow-artifacts"
READ_SECONDS = 300  # an address to read is used at once; MLflow's own default
PART_SECONDS = (
    3600  # the parts of a large file take their time, as long as a function's credentials last
)
PARTS_MOST = 10_000  # of one upload, in S3
LISTED_MOST = 20_000  # files of one folder that fit into one answer of 6 MB
UPLOAD_ID = re.compile(r"[\x21-\x7e]{1,1024}")
BINARY = "application/octet-stream"


def upload(request: Request) -> dict[str, Any]:
    """Write the body as a file."""
    place, path = _file(request)
    kind = request.headers.get("content-type", BINARY)
    _artifacts(request).put(place, path, request.body, kind)
    return {}


def download(request: Request) -> Answer:
    """Send the client to S3, where the file is."""
    place, path = _file(request)
    artifacts = _artifacts(request)
    artifacts.size(place, path)
    address = artifacts.address_to_read(place, path, seconds=READ_SECONDS)
    return Answer(302, headers={"location": address})


def presigned(request: Request) -> dict[str, Any]:
    """Answer the address and the size of a file, which clients then read in pieces."""
    place, path = _file(request)
    artifacts = _artifacts(request)
    size = artifacts.size(place, path)
    address = artifacts.address_to_read(place, path, seconds=READ_SECONDS)
    return {"url": address, "headers": {}, "file_size": size}


def remove(request: Request) -> dict[str, Any]:
    """Remove a file or a folder."""
    place, path = _file(request)
    _artifacts(request).remove(place, path)
    return {}


def listing(request: Request) -> dict[str, Any]:
    """Answer what is right under a path; names are relative to it."""
    path = safe_path(request.fields.text("path") or "")
    found = _artifacts(request).everything(_root(request), path, LISTED_MOST)
    return {"files": [told(each, each.path.rpartition("/")[2]) for each in found]}


def begin(request: Request) -> dict[str, Any]:
    """Begin an upload in parts."""
    place, path = _uploaded(request)
    count = request.fields.integer("num_parts")
    parts = 1 if count is None else count
    if not 0 <= parts <= PARTS_MOST:
        raise WireError(f"num_parts must be from 1 to {PARTS_MOST:,}, got {parts}.")
    # A file of no bytes has no parts for MLflow's client, but one, an empty one, for S3: `complete` sees to it.
    upload_id, addresses = _artifacts(request).begin_parts(place, path, parts, seconds=PART_SECONDS)
    credentials = [
        {"url": address, "part_number": number, "headers": {}}
        for number, address in enumerate(addresses, start=1)
    ]
    return {"upload_id": upload_id, "credentials": credentials}


def complete(request: Request) -> dict[str, Any]:
    """Make a file of the parts that were uploaded."""
    place, path = _uploaded(request)
    upload_id = _upload_id(request)
    if request.fields.values.get("parts") is None:
        raise missing("parts")
    parts = [_part(each) for each in request.fields.items("parts")]
    if parts:
        _artifacts(request).complete_parts(place, path, upload_id, parts)
    else:
        _artifacts(request).abort_parts(place, path, upload_id)
        _artifacts(request).put(place, path, b"", BINARY)
    return {}


def abort(request: Request) -> dict[str, Any]:
    """Forget an upload and the parts it has."""
    place, path = _uploaded(request)
    _artifacts(request).abort_parts(place, path, _upload_id(request))
    return {}


def told(artifact: Artifact, path: str) -> dict[str, Any]:
    """Return a file or folder as the wire tells it."""
    if artifact.size is None:
        return {"path": path, "is_dir": True}
    return {"path": path, "is_dir": False, "file_size": artifact.size}


def _upload_id(request: Request) -> str:
    given = request.fields.required_text("upload_id")
    if UPLOAD_ID.fullmatch(given) is None:
        raise WireError("Invalid value for parameter 'upload_id' supplied: it is no upload's id.")
    return given


def _part(part: Fields) -> tuple[int, str]:
    number = part.integer("part_number", required=True)
    assert number is not None
    return number, part.required_text("etag")


def _artifacts(request: Request) -> Artifacts:
    return Artifacts(request.runtime.s3, request.runtime.s3_signer)


def _root(request: Request) -> Place:
    return proxied_place("", request.runtime.settings.bucket)


def _file(request: Request) -> tuple[Place, str]:
    """Return where the proxied files are, and the path of the one that the request is about."""
    return _root(request), safe_path(request.path_values["path"])


def _uploaded(request: Request) -> tuple[Place, str]:
    """Return the same for an upload in parts: the folder is in the path, the file's name in the body."""
    folder = safe_path(request.path_values["path"])
    name = request.fields.required_text("path").rpartition("/")[2]
    if name in {"", "..", "."}:
        raise WireError(f"Invalid value {json.dumps(name)} for parameter 'path' supplied.")
    return _root(request), safe_path(f"{folder}/{name}")


ENDPOINTS = {
    ("GET", f"{ROOT}/artifacts"): listing,
    ("GET", f"{ROOT}/artifacts/{{path+}}"): download,
    ("PUT", f"{ROOT}/artifacts/{{path+}}"): upload,
    ("DELETE", f"{ROOT}/artifacts/{{path+}}"): remove,
    ("GET", f"{ROOT}/presigned/{{path+}}"): presigned,
    ("POST", f"{ROOT}/mpu/create/{{path+}}"): begin,
    ("POST", f"{ROOT}/mpu/complete/{{path+}}"): complete,
    ("POST", f"{ROOT}/mpu/abort/{{path+}}"): abort,
}
