"""Third-party trees: what a lock names, installed once per lock, interpreter and machine under build/bundles/."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.bundling.platforms import Platform
from trimtab.errors import OperatorError

RECIPE = "3"  # raise when what is dropped or compiled changes, so that old trees are not used again
DROPPED_FOLDERS = ("bin", "tests", "__pycache__", "f2py", "include")
DROPPED_FILES = (
    ".lock",
    "*.pyi",
    "*.pxd",
    "*.a",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
)


def tree(root: Path, lock: str, platform: Platform) -> Path:
    """Return the folder that holds what `requirements/<lock>.txt` names, installing it if it is not there."""
    path = root / "requirements" / f"{lock}.txt"
    digest = hashlib.sha256(RECIPE.encode() + path.read_bytes()).hexdigest()[:16]
    bundles = root / "build" / "bundles"
    target = bundles / f"{lock}-{platform.tag}-{digest}"
    bundles.mkdir(parents=True, exist_ok=True)
    with _locked(bundles / f"{lock}-{platform.tag}.lock"):
        if not target.exists():
            _install(path, target, platform)
    return target


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(lock: Path, target: Path, platform: Platform) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as scratch:
        made = Path(scratch) / "tree"
        _uv_install(lock, made, platform)
        _drop_what_no_function_needs(made)
        if platform.bytecode:
            compile_bytecode(made)
        made.rename(target)


def _uv_install(lock: Path, target: Path, platform: Platform) -> None:
    wheels = (
        ["--python-platform", platform.wheels] if platform.wheels else ["--python", sys.executable]
    )
    command = [_uv(), "pip", "install", "--quiet", "--target", str(target), "--require-hashes"]
    command += ["--python-version", platform.python, *wheels, "--only-binary", ":all:", "--no-deps"]
    command += ["--no-compile-bytecode", "--link-mode", "copy", "--requirements", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OperatorError(
            f"uv could not install {lock.name} for {platform.tag}: {done.stderr.strip()}",
            hint="run make setup where the package index can be reached",
        )


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise OperatorError("uv is not installed beside this Python", hint="run make setup")
    return found


def _drop_what_no_function_needs(made: Path) -> None:
    """Drop what differs from machine to machine (scripts, RECORD) and what only a developer or a compiler reads."""
    for name in DROPPED_FOLDERS:
        for folder in [path for path in made.rglob(name) if path.is_dir()]:
            shutil.rmtree(folder, ignore_errors=True)
    for pattern in DROPPED_FILES:
        for file in made.rglob(pattern):
            file.unlink()


def compile_bytecode(folder: Path, *parts: str) -> None:
    """Put .pyc files beside the sources of the folder, or of its parts; nothing in them names this machine.

    The handler's process cannot write into its code, so what is not compiled here is compiled at every cold start.
    """
    command = [
        sys.executable,
        "-I",
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode",
        "unchecked-hash",
    ]
    command += ["-s", str(folder), *(str(folder / part) for part in parts or (".",))]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run(command, check=True, env=environment)
