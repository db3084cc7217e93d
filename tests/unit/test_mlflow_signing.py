"""What signs for MLflow's client: files, spaces, and parameters that come twice among the rest."""

import io
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from trimtab.client import mlflow_signing
from trimtab.errors import NotAllowed

URL = "https://abc.execute-api.us-east-1.amazonaws.com/api/2.0/mlflow/model-versions/search"


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    mlflow_signing._signer.cache_clear()
    yield
    mlflow_signing._signer.cache_clear()


def sign(method="GET", url=URL, body: Any = None) -> SimpleNamespace:
    provider = mlflow_signing.TrimtabRequestAuth()
    assert provider.get_name() == "trimtab"
    request = SimpleNamespace(method=method, url=url, body=body, headers={})
    return provider.get_auth()(request)


def signature(method, url, body, at):
    """Sign what the server would see."""
    request = AWSRequest(method=method, url=url, data=body)
    request.context["timestamp"] = at
    request.headers["X-Amz-Date"] = at
    signer = mlflow_signing._signer()
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)


def test_a_space_in_a_query_is_sent_as_sigv4_signs_it():
    signed = sign(url=URL + "?filter=name+%3D+%27a%2Bb%27&run_id=1&run_id=2")
    assert signed.url == URL + "?filter=name%20%3D%20%27a%2Bb%27&run_id=1&run_id=2"
    told = signed.headers["Authorization"]
    assert signature("GET", signed.url, b"", signed.headers["X-Amz-Date"]) in told


def test_a_file_is_signed_by_what_is_in_it_and_sent_from_its_beginning():
    file = io.BytesIO(b"\x00\xff" * 1000)
    signed = sign("PUT", URL, file)
    assert file.tell() == 0
    expected = signature("PUT", URL, b"\x00\xff" * 1000, signed.headers["X-Amz-Date"])
    assert expected in signed.headers["Authorization"]


def test_nothing_is_signed_without_keys_and_the_user_is_told(monkeypatch):
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda _: None)
    with pytest.raises(NotAllowed, match="no AWS credentials or no region found"):
        sign()


def test_mlflow_finds_it_by_the_entry_point_of_the_package():
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    points = declared["project"]["entry-points"]["mlflow.request_auth_provider"]
    module, _, name = points["trimtab"].partition(":")
    assert (module, getattr(mlflow_signing, name)) == (
        mlflow_signing.__name__,
        mlflow_signing.TrimtabRequestAuth,
    )
    assert isinstance(mlflow_signing._signer(), SigV4Auth)
