"""The CDK assembly that the local cloud deploys, made again only when a source of it has changed."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from local.processes import Children
from trimtab.errors import OperatorError

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("infra", "functions", "pipelines", "trimtab", "requirements")
FILES = ("cdk.json", "pyproject.toml")
NOT_DEPLOYED = {"__pycache__", "cli"}  # trimtab/cli runs on people's machines only
KEPT_ASSEMBLIES = 3
RECENT_SECONDS = 3600.0  # another cloud may be deploying an assembly that is no older than this


def assembly(home: Path, say: Callable[[str], None], children: Children, root: Path = ROOT) -> Path:
    """Return the folder of the current sources' assembly, synthesised as a child if there is none.

    Raises OperatorError with the app's own words if it cannot be synthesised.
    """
    folder = home / "cdk.out" / fingerprint(root)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "manifest.json").exists():
            say("synthesising: the sources have changed")
            _synthesise(folder, children, root)
            _prune(folder.parent)
    os.utime(folder)
    return folder


def fingerprint(root: Path = ROOT) -> str:
    """Return a digest of all that the assembly is made from, this platform included."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {platform.platform()}".encode())
    for path in _sources(root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root)} {content}\n".encode())
    return digest.hexdigest()[:16]


def _sources(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for here, folders, files in _walk(root / folder):
            folders[:] = sorted(set(folders) - NOT_DEPLOYED)
            yield from (here / name for name in sorted(files) if not name.endswith(".md"))
    yield from (root / name for name in FILES if (root / name).exists())


def _walk(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    for here, folders, files in os.walk(folder):
        yield Path(here), folders, files


def _synthesise(folder: Path, children: Children, root: Path) -> None:
    making = folder.with_suffix(".new")
    shutil.rmtree(making, ignore_errors=True)
    environment = {**os.environ, "TRIMTAB_PLATFORM": "local", "CDK_OUTDIR": str(making)}
    synthesis = children.spawn(
        [sys.executable, "-m", "infra.app"],
        env=environment,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    printed, complained = (text.decode().strip() for text in synthesis.communicate())
    if synthesis.returncode or not (making / "manifest.json").exists():
        shutil.rmtree(making, ignore_errors=True)
        raise OperatorError(
            f"the CDK app cannot be synthesised: {complained or printed}",
            hint="`make synth` shows the same error",
        )
    making.rename(folder)


def _prune(folder: Path) -> None:
    """Remove all but the newest assemblies."""
    made = [path for path in folder.iterdir() if path.is_dir()]
    for path in sorted(made, key=lambda path: path.stat().st_mtime)[:-KEPT_ASSEMBLIES]:
        if time.time() - path.stat().st_mtime > RECENT_SECONDS:
            shutil.rmtree(path)
