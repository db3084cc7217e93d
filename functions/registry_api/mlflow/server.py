"""What clients ask before they work: is it there, which version does it speak, what can it do."""

from typing import Any

from functions.registry_api.mlflow.request import Answer, Request

VERSION = "3.17.2"  # of MLflow, whose API this is
PLAIN = {"content-type": "text/plain; charset=utf-8"}


def health(_: Request) -> Answer:
    """Answer that the API is there."""
    return Answer(200, "OK", PLAIN)


def version(_: Request) -> Answer:
    """Answer the version of MLflow whose API is served."""
    return Answer(200, VERSION, PLAIN)


def server_info(_: Request) -> dict[str, Any]:
    """Answer what clients may use: files go to S3 and come from there by addresses that this API signs."""
    return {
        "store_type": None,
        "workspaces_enabled": False,
        "trace_archival_enabled": False,
        "multipart_uploads_enabled": True,
        "multipart_downloads_enabled": True,
        "presigned_upload_run_id_supported": True,
        "presigned_upload_model_id_supported": True,
        "features_enabled": {"gateway": False},
    }


ENDPOINTS = {
    ("GET", "/health"): health,
    ("GET", "/version"): version,
    ("GET", "/api/3.0/mlflow/server-info"): server_info,
}
