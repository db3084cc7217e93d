"""What holds for every suite: no real AWS, a Node for CDK, one worker for what is costly to share, what is measured."""

import importlib
import os
import pkgutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

import trimtab.domain
from infra.node import use_bundled_node

use_bundled_node()

ROOT = Path(__file__).parents[1]
SHARED = {"scenarios": "scenarios", "local": "local cloud", "infra": "synth"}
"""Suites whose session fixtures cost seconds: all their tests go to the same worker, largest suite first."""
MEASURED = (
    "unit/",
    "functions/test_compare_datasets.py",
    "functions/test_lineage.py",
    "functions/test_mlflow_experiments.py",
    "functions/test_mlflow_runs.py",
    "functions/test_notify.py",
    "functions/test_quarantine.py",
    "functions/test_recorded_runs.py",
    "functions/test_registry_api.py",
    "functions/test_retire_endpoints.py",
    "functions/test_runs.py",
    "functions/test_tracking_client.py",
    "pipelines/test_spec.py",
)
"""The tests that must reach every branch of the domain. Coverage doubles the time of the others, for nothing."""


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


class BySuite(LoadScopeScheduling):
    """Sends the tests of one file, or of one suite that shares a fixture, to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return SHARED.get(Path(file).parts[1], file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BySuite:
    """Keep what shares a fixture together."""
    return BySuite(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start with the slow suites, with all of the domain imported where it is measured."""
    if config.pluginmanager.hasplugin("_cov"):
        # What a test that is not measured imports first would count as never imported.
        for module in pkgutil.walk_packages(trimtab.domain.__path__, "trimtab.domain."):
            importlib.import_module(module.name)
    order = list(SHARED)
    items.sort(key=lambda item: _place(order, item))


def _place(order: list[str], item: pytest.Item) -> int:
    suite = item.path.relative_to(ROOT / "tests").parts[0]
    return order.index(suite) if suite in order else len(order)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Measure what the tests of the domain reach, and nothing else."""
    if item.nodeid.removeprefix("tests/").startswith(MEASURED):
        return (yield)
    # Not by pytest-cov's own marker: it leaves the tracer on in xdist's workers, which have two.
    here, threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    try:
        return (yield)
    finally:
        sys.settrace(here)
        threading.settrace(threads)  # type: ignore[arg-type]
