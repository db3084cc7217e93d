"""What holds for every suite: no real AWS, a Node for CDK, and one worker for tests that share something costly."""

import os
import signal
from pathlib import Path

import pytest

from infra.node import use_bundled_node

use_bundled_node()

ROOT = Path(__file__).parents[1]
SHARED = {"scenarios": "scenarios", "local": "local cloud", "infra": "synth"}
"""Suites whose session fixtures cost seconds: all their tests go to the same worker, largest suite first."""


def pytest_configure() -> None:
    """Start alike from every shell: able to be interrupted, and signed in to nobody's account."""
    # A shell starts what it puts into the background deaf to Ctrl-C, and its children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith(("AWS_", "TRIMTAB_"))]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Send the tests of one file, or of one suite that shares a fixture, to one worker."""
    # Here, since xdist may read the groups before any hook of ours that runs on all items.
    suite = item.path.relative_to(ROOT / "tests").parts[0]
    item.add_marker(pytest.mark.xdist_group(SHARED.get(suite, str(item.path))))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slow suites."""
    order = list(SHARED)
    items.sort(key=lambda item: _place(order, item))


def _place(order: list[str], item: pytest.Item) -> int:
    suite = item.path.relative_to(ROOT / "tests").parts[0]
    return order.index(suite) if suite in order else len(order)
