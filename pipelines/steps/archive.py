"""Unpacking a model.tar.gz, by whichever Python runs it.

Python 3.11 got tarfile's own filters in its fourth release only; Debian 12 brings the second.
"""

import tarfile
from pathlib import Path


def unpack(archive: Path, to: Path) -> Path:
    """Unpack a model.tar.gz as SageMaker does before serving.

    Raises tarfile.TarError, with nothing written, for a member that would lie outside of the folder.
    """
    to.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as packed:
        if hasattr(tarfile, "data_filter"):
            packed.extractall(to, filter="data")
        else:
            packed.extractall(to, [_harmless(one, to) for one in packed])  # noqa: S202 (each one was looked at)
    return to


def _harmless(member: tarfile.TarInfo, to: Path) -> tarfile.TarInfo:
    root = to.resolve()
    if not (root / member.name).resolve().is_relative_to(root):
        raise tarfile.TarError(f"{member.name} would lie outside of the archive's folder")
    if not (member.isreg() or member.isdir()):
        raise tarfile.TarError(f"{member.name} is neither a file nor a folder")
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member
