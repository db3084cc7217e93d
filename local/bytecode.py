"""Where compiled modules are kept when the shell forbids to keep them beside their sources.

With PYTHONDONTWRITEBYTECODE set, every start would compile the emulator anew, which takes seconds.
"""

import sys
from collections.abc import Mapping

from local.synth import ROOT

FOLDER = ROOT / ".trimtab" / "pycache"
FORBIDDEN = "PYTHONDONTWRITEBYTECODE"


def keep() -> None:
    """Let what this process imports from here on be compiled once only."""
    if sys.dont_write_bytecode:
        sys.pycache_prefix = str(FOLDER)
        sys.dont_write_bytecode = False


def keeping(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a Python process that compiles what it imports once only."""
    if not environment.get(FORBIDDEN):
        return dict(environment)
    allowed = {name: value for name, value in environment.items() if name != FORBIDDEN}
    return {**allowed, "PYTHONPYCACHEPREFIX": str(FOLDER)}
