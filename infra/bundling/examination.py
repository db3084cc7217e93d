"""The archive that a job on Spark runs: `python3 <archive> …` unpacks it and starts Spark with what is in it."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra.bundling import platforms, third_party
from infra.bundling.platforms import AWS, Platform

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first date a zip archive can hold
SPARK = Platform(
    name="spark",
    python="3.12",  # of SageMaker's Spark container 3.5-cpu-py312
    wheels="x86_64-manylinux_2_28",  # it is built on Amazon Linux 2023, whose glibc is 2.34
    bytecode=False,
)
LOCKS = ("lambda-data", "lambda-runtime")  # the function's own libraries, and boto3
OURS = ("trimtab", "pipelines/examination")
NOT_SHIPPED = ("cli", "client", "api")
START = '''"""Unpacks what the job runs with, and runs it: under Spark's own starter where the container has one."""

import os
import shutil
import sys
import tempfile
import zipfile

folder = tempfile.mkdtemp(prefix="trimtab-")
zipfile.ZipFile(sys.argv[0]).extractall(folder)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
starter = shutil.which("smspark-submit")
program = [starter] if starter else [sys.executable]
script = os.path.join(folder, "pipelines", "examination", "__main__.py")
os.execv(program[0], [*program, script, *sys.argv[1:]])
'''


def write_examination(root: Path, out: Path) -> None:
    """Write the archive; same sources and locks, same bytes.

    For this machine it holds no libraries: the environment of Spark jobs has them.
    """
    files = {"__main__.py": START.encode(), "pipelines/__init__.py": b""}
    for part in OURS:
        files |= {
            f"{part}/{name}": body for name, body in _files(root / part) if name.endswith(".py")
        }
    if platforms.from_environment() is AWS:
        for lock in LOCKS:
            files |= dict(_files(third_party.tree(root, lock, SPARK)))
    out.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    out.write_bytes(buffer.getvalue())


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix(), path.read_bytes()
