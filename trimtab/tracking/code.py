"""The code that a run runs: commit, branch, whether the tree is dirty, and what it differs by."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import which

PATIENCE = 5  # seconds that git may take before a run starts without it
MOST_DIFF = 1 << 20  # bytes of a diff that are kept
DIFF = "trimtab/code.diff"  # where the diff is among a run's artifacts


@dataclass(frozen=True)
class CodeVersion:
    """What git says of a working tree."""

    commit: str
    branch: str
    origin: str  # address of the repository; empty if it has none
    script: str  # what was started
    dirty: bool
    diff: bytes  # of all tracked files against the commit; empty for a clean tree

    def tags(self) -> dict[str, str]:
        """Return the tags of a run that has this code; MLflow's own names where it has one."""
        said = {
            "mlflow.source.git.commit": self.commit,
            "mlflow.source.git.branch": self.branch,
            "mlflow.source.git.repoURL": self.origin,
            "mlflow.source.name": self.script,
            "mlflow.source.type": "LOCAL",
            "trimtab.code.dirty": "true" if self.dirty else "false",
            "trimtab.code.diff": DIFF if self.diff else "",
        }
        return {name: value for name, value in said.items() if value}


def code_version(folder: Path | None = None) -> CodeVersion | None:
    """Return the version of the code in a folder (the working directory), or None where git knows none."""
    where = folder or Path.cwd()
    commit = _git(where, "rev-parse", "HEAD").decode().strip()
    if not commit:
        return None
    status = _git(where, "status", "--porcelain")
    diff = _git(where, "diff", "--binary", "HEAD") if status else b""
    return CodeVersion(
        commit=commit,
        branch=_git(where, "rev-parse", "--abbrev-ref", "HEAD").decode().strip(),
        origin=_without_password(_git(where, "remote", "get-url", "origin").decode().strip()),
        script=sys.argv[0] or "",
        dirty=bool(status),
        diff=diff[:MOST_DIFF],
    )


def _git(folder: Path, *words: str) -> bytes:
    """Return what git prints, or nothing where it fails, takes too long or is not there."""
    git = which("git")
    if git is None:
        return b""
    # Asks nobody anything, and takes no lock that a commit under way would stumble over.
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            [git, *words],
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


def _without_password(address: str) -> str:
    """Return a repository's address without the user and password that may stand in it."""
    scheme, found, rest = address.partition("://")
    if not found:
        return address
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
