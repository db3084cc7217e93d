"""Asks git, which may not be there: a folder without it, or a git that takes too long, says nothing."""

import os
import subprocess
from pathlib import Path
from shutil import which

PATIENCE = 5  # seconds that git may take before it is done without


def git(folder: Path, *words: str) -> bytes:
    """Return what git prints, or nothing where it fails, takes too long or is not there."""
    found = which("git")
    if found is None:
        return b""
    # Asks nobody anything, and takes no lock that a commit under way would stumble over.
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            [found, *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return b"" if done.returncode else done.stdout
