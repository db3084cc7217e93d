"""The two archives a pipeline's jobs fetch: a model's code, and the steps. Same sources, same bytes."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pipelines import spec as specs
from pipelines.code_facts import code_facts
from trimtab.domain.model import ModelSpec

STEPS = Path(__file__).parent / "steps"
STEPS_MAIN = "from steps.__main__ import main\n\nmain()\n"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first date a zip archive can hold
NOT_PACKED = {"data.py", "README.md", specs.FILE}  # model.json stands for model.yaml
SPEC_PARTS = {"name", "problem", "data", "contract", "training", "evaluation"}
"""What a job may know of its model: release and retraining policy change without changing the code's digest."""
NOT_FOR_JOBS = {"metrics", "sweep", "image", "spot"}  # nor do other ranges make another code


def write_sourcedir(folder: Path, out: Path) -> None:
    """Write a model's code as the sourcedir.tar.gz of SageMaker's script mode, with `model.json` in it."""
    spec = specs.load(folder / specs.FILE)
    files = {"model.json": model_json(spec)}
    for path in _sources(folder):
        if path.name not in NOT_PACKED:
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), 0o644, 0
            archive.addfile(entry, io.BytesIO(content))
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        out.open("wb") as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed,
    ):
        packed.write(buffer.getvalue())


def write_code_facts(folder: Path, out: Path) -> None:
    """Write what git says of a model's code and of the steps, as JSON."""
    out.parent.mkdir(parents=True, exist_ok=True)
    facts = code_facts(folder, STEPS).model_dump_json(indent=1)
    out.write_text(facts + "\n", encoding="utf-8")


def write_steps(out: Path) -> None:
    """Write the steps as one archive that Python runs: `python3 <out> prepare …`."""
    files = {"__main__.py": STEPS_MAIN.encode()}
    for path in _sources(STEPS):
        if path.suffix == ".py":
            files[f"steps/{path.relative_to(STEPS).as_posix()}"] = path.read_bytes()
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def model_json(spec: ModelSpec) -> bytes:
    """Return the part of a spec that jobs read, as stable JSON."""
    parts = spec.model_dump(mode="json", include=SPEC_PARTS, exclude={"training": NOT_FOR_JOBS})
    return (json.dumps(parts, indent=1, sort_keys=False) + "\n").encode()


def _sources(folder: Path) -> Iterator[Path]:
    """Every file that somebody wrote: no bytecode, nothing hidden."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not hidden:
            yield path
