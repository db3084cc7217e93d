"""Cut one function's asset from the tree: its third-party code, `trimtab/` and its own folder."""

import os
import shutil
from pathlib import Path

from infra.bundling import third_party
from infra.bundling.platforms import Platform

NOT_SHIPPED = ("__pycache__", "*.pyc", "README.md", "cli")  # the command line lives in trimtab/cli


def assemble(root: Path, name: str, *, lock: str, platform: Platform, out: Path) -> None:
    """Fill `out` with all that the function `name` runs with, and nothing else; alike on every machine."""
    installed = third_party.tree(root, lock, platform)
    shutil.copytree(installed, out, dirs_exist_ok=True, copy_function=_link)
    ignore = shutil.ignore_patterns(*NOT_SHIPPED)
    shutil.copytree(root / "trimtab", out / "trimtab", ignore=ignore)
    (out / "functions").mkdir()
    shutil.copy(root / "functions" / "__init__.py", out / "functions")
    shutil.copytree(root / "functions" / name, out / "functions" / name, ignore=ignore)
    if platform.bytecode:
        third_party.compile_bytecode(out, "trimtab", "functions")


def _link(source: str, target: str) -> None:
    """Give an installed file a second name: thousands of copies would be most of a synthesis's time."""
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy2(source, target)
