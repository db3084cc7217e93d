"""Handlers run in this process on a deployment that moto plays."""

from collections.abc import Iterator

import boto3
import pytest

from tests.moto_platform import MotoPlatform, moto_platform
from tests.serving_platform import ENVIRONMENT, Platform, deployed


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoPlatform]:
    """A deployment whose model has every default of a spec."""
    with moto_platform(monkeypatch) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    """A deployment that serves, with its data bucket; shared, so each test resets it."""
    with deployed() as deployment:
        boto3.client("s3").create_bucket(Bucket=ENVIRONMENT["TRIMTAB_BUCKET"])
        yield deployment
