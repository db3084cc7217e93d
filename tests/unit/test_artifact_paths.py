"""Paths of artifacts: none leads out of its root, and only what Trimtab holds is looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.tracking.artifact_paths import Place, place_of, proxied_place, safe_path
from trimtab.errors import InvalidInput

BUCKET = "trimtab-dev-data"


@given(st.text())
def test_what_is_let_through_stays_inside(path):
    try:
        safe = safe_path(path)
    except InvalidInput:
        return
    assert ".." not in safe.split("/")
    assert not safe.startswith("/")
    assert safe.isprintable() or all(ord(each) > 0x1F for each in safe)


@pytest.mark.parametrize(
    ("given_path", "meant"),
    [
        ("a/b.txt", "a/b.txt"),
        ("", ""),
        ("a%20b", "a b"),
        ("a%2520b", "a b"),
        ("a..b/...", "a..b/..."),
        ("a\tb\x7f", "a%09b%7f"),
        ("100%", "100%"),
    ],
)
def test_a_path_is_taken_as_it_is_meant(given_path, meant):
    assert safe_path(given_path) == meant


def test_a_path_that_is_encoded_over_and_over_is_refused():
    with pytest.raises(InvalidInput, match="Invalid path"):
        safe_path("%" + "25" * 12 + "2e")


@pytest.mark.parametrize(
    ("uri", "prefix"),
    [
        (f"s3://{BUCKET}/artifacts/1/run/artifacts", "artifacts/1/run/artifacts"),
        (f"s3://{BUCKET}/artifacts/1/run/", "artifacts/1/run"),
        ("mlflow-artifacts:/1/run/artifacts", "artifacts/mlflow/1/run/artifacts"),
        ("mlflow-artifacts://host:5000/1/run", "artifacts/mlflow/1/run"),
        ("mlflow-artifacts:/", "artifacts/mlflow"),
        ("https://api/stage/api/2.0/mlflow-artifacts/artifacts/1/run", "artifacts/mlflow/1/run"),
    ],
)
def test_what_trimtab_holds_is_found(uri, prefix):
    assert place_of(uri, BUCKET) == Place(BUCKET, prefix)


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://{BUCKET}/incoming/churn",
        f"s3://{BUCKET}/artifacts/../incoming/churn",
        f"s3://{BUCKET}/artifactsx",
        f"s3://{BUCKET}",
        "s3://another/artifacts/1",
        "https://example.com/artifacts/1",
        "file:///etc",
        "dbfs:/x",
        "",
        "mlflow-artifacts:/../x",
    ],
)
def test_what_is_elsewhere_is_not_looked_at(uri):
    with pytest.raises(InvalidInput):
        place_of(uri, BUCKET)


def test_keys_stand_below_their_place():
    place = proxied_place("/1/run/", BUCKET)
    assert place.key("") == "artifacts/mlflow/1/run"
    assert place.key("a/b") == "artifacts/mlflow/1/run/a/b"
    with pytest.raises(InvalidInput, match=r"1,026 bytes"):
        place.key("x" * (1024 - len("artifacts/mlflow/1/run")) + "y")
