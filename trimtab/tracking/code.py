"""The code that a run runs: commit, branch, whether the tree is dirty, and what it differs by."""

import sys
from dataclasses import dataclass
from pathlib import Path

from trimtab.git import git

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
    commit = git(where, "rev-parse", "HEAD").decode().strip()
    if not commit:
        return None
    status = git(where, "status", "--porcelain")
    diff = git(where, "diff", "--binary", "HEAD") if status else b""
    return CodeVersion(
        commit=commit,
        branch=git(where, "rev-parse", "--abbrev-ref", "HEAD").decode().strip(),
        origin=_without_password(git(where, "remote", "get-url", "origin").decode().strip()),
        script=sys.argv[0] or "",
        dirty=bool(status),
        diff=diff[:MOST_DIFF],
    )


def _without_password(address: str) -> str:
    """Return a repository's address without the user and password that may stand in it."""
    scheme, found, rest = address.partition("://")
    if not found:
        return address
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
