"""Where a version's files may lie: never on a server's own disk, never by a way that climbs out of a folder."""

import posixpath
import re
from urllib.parse import unquote_plus, urlsplit

from trimtab.errors import InvalidInput

REFERENCE = re.compile(r"models:/(?P<name>[^/@]+)(?:/(?P<version>[^/@]+)|@(?P<alias>[^/@]+))")
SOURCE_MOST = 2048  # characters


def check_source(source: str, run_id: str | None, model_id: str | None) -> None:
    """Do nothing for a place that a version can be registered from. Raises InvalidInput, in MLflow's words."""
    if len(source) > SOURCE_MOST:
        raise InvalidInput(f"'source' exceeds the maximum length of {SOURCE_MOST} characters")
    identifier = "model_id" if model_id else "run_id"
    try:
        parts = urlsplit(source)
    except ValueError as error:
        raise InvalidInput(f"Invalid model version source: '{source}'. {error}.") from error
    if parts.scheme in ("", "file"):
        raise InvalidInput(
            f"Invalid model version source: '{source}'. To use a local path as a model version source, the "
            f"{identifier} request parameter has to be specified and the local path has to be contained within "
            f"the artifact directory of the run specified by the {identifier}."
        )
    if _climbs(source):
        raise InvalidInput(
            f"Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, "
            "ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path "
            "references present. Please provide an absolute path."
        )
    _check_owner(source, parts.scheme, parts.netloc, run_id, model_id)


def _check_owner(
    source: str, scheme: str, host: str, run_id: str | None, model_id: str | None
) -> None:
    if scheme == "runs" and (host or not run_id or _first(source) != run_id):
        raise _stranger(source, "run_id")
    logged = scheme == "models" and REFERENCE.fullmatch(source) is None
    if logged and (host or not model_id or _first(source) != model_id):
        raise _stranger(source, "model_id")
    if scheme == "mlflow-artifacts" and not (run_id or model_id):
        raise _stranger(source, "run_id")


def _stranger(source: str, identifier: str) -> InvalidInput:
    return InvalidInput(
        f"Invalid model version source: '{source}'. The {identifier} request parameter must identify the resource "
        "that contains the source."
    )


def _first(source: str) -> str:
    return source.partition(":/")[2].partition("/")[0]


def _climbs(source: str) -> bool:
    while (plain := unquote_plus(source)) != source:
        source = plain
    if "\x00" in source or ".." in source.split("/"):
        return True
    path = re.sub(r"/+", "/", source.partition(":/")[2].rstrip("/"))
    return path != "" and posixpath.normpath(path) != path
