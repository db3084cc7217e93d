"""Stores run on a deployment that moto plays."""

from collections.abc import Iterator

import pytest

from tests.moto_platform import MotoPlatform, moto_platform


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoPlatform]:
    """A deployment whose model has every default of a spec."""
    with moto_platform(monkeypatch) as deployment:
        yield deployment
