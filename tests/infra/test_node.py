"""The Node of the development environment stands in for one on the machine."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_npx_runs_where_no_node_is_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.node", "--version"],
        cwd=ROOT,
        env={"PATH": os.defpath, "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().partition(".")[0].isdecimal()
