"""Local clouds for the tests of this suite: one with Trimtab deployed, one with nothing in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud with Trimtab deployed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIMTAB_HOME", str(assemblies_home(tmp_path_factory)))
        running = LocalCloud.start()
        yield running
        running.stop()


@pytest.fixture(scope="session")
def empty_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud in which nothing is deployed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIMTAB_HOME", str(tmp_path_factory.mktemp("home")))
        running = LocalCloud.start(deploy=False)
        yield running
        running.stop()


def assemblies_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of the tests' own that shares the project's synthesised assemblies: synthesis takes seconds."""
    home = tmp_path_factory.mktemp("deployed")
    shared = Path(__file__).parents[2] / ".trimtab" / "cdk.out"
    shared.mkdir(parents=True, exist_ok=True)
    (home / "cdk.out").symlink_to(shared)
    return home
