"""What git says of the packed code: written beside it, so that the code's own digest depends on the code alone."""

from pathlib import Path

from trimtab.domain.recording.recipe import CodeFacts
from trimtab.git import git

MOST_DIFF = 1 << 20  # characters of a difference that are kept


def code_facts(*folders: Path) -> CodeFacts:
    """Return the last commit that changed one of the folders, and what differs from it; nothing where git is not."""
    where, paths = folders[0], [str(folder.resolve()) for folder in folders]
    commit = git(where, "log", "-1", "--format=%H", "--", *paths).decode().strip()
    if not commit:
        return CodeFacts()
    branch = git(where, "rev-parse", "--abbrev-ref", "HEAD").decode().strip()
    dirty = bool(git(where, "status", "--porcelain", "--", *paths))
    diff = git(where, "diff", "HEAD", "--", *paths) if dirty else b""
    return CodeFacts(
        commit=commit,
        branch=branch if branch not in ("", "HEAD") else None,
        dirty=dirty,
        diff=diff.decode(errors="replace")[:MOST_DIFF],
    )
