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

from trimtab.errors import OperatorError

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("infra", "functions", "pipelines", "trimtab", "requirements")
FILES = ("cdk.json", "pyproject.toml")
NOT_DEPLOYED = {"__pycache__", "cli"}  # trimtab/cli runs on people's machines only
KEPT_ASSEMBLIES = 3
RECENT_SECONDS = 3600.0  # another cloud may be deploying an assembly that is no older than this


def assembly(home: Path, say: Callable[[str], None], root: Path = ROOT) -> Path:
    """Return the folder of the current sources' assembly, synthesising it if there is none.

    Raises OperatorError with the app's own words if it cannot be synthesised.
    """
    folder = home / "cdk.out" / fingerprint(root)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "manifest.json").exists():
            say("synthesising: the sources have changed")
            _synthesise(folder, root)
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


def _synthesise(folder: Path, root: Path) -> None:
    making = folder.with_suffix(".new")
    shutil.rmtree(making, ignore_errors=True)
    environment = {**os.environ, "TRIMTAB_PLATFORM": "local", "CDK_OUTDIR": str(making)}
    done = subprocess.run(
        [sys.executable, "-m", "infra.app"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not (making / "manifest.json").exists():
        shutil.rmtree(making, ignore_errors=True)
        raise OperatorError(
            f"the CDK app cannot be synthesised: {done.stderr.strip() or done.stdout.strip()}",
            hint="`make synth` shows the same error",
        )
    making.rename(folder)


def _prune(folder: Path) -> None:
    """Remove all but the newest assemblies."""
    made = [path for path in folder.iterdir() if path.is_dir()]
    for path in sorted(made, key=lambda path: path.stat().st_mtime)[:-KEPT_ASSEMBLIES]:
        if time.time() - path.stat().st_mtime > RECENT_SECONDS:
            shutil.rmtree(path)
