"""Runs what a pipeline's jobs run, as containers do: subprocesses of the jobs' own Python."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pandas as pd

from pipelines import packaging
from pipelines.definition import THREADS

ROOT = Path(__file__).parents[2]
JOBS = ROOT / ".venv-jobs" / "bin"
CONTAINERS = (
    ROOT / "local" / "sagemaker" / "containers"
)  # what the image has beside the jobs' Python
FLIGHT_DELAYS = ROOT / "pipelines" / "flight_delays"
BUCKET = "trimtab-pipelines-test"
TINY = {"max-iter": "5", "min-samples-leaf": "20", "seed": "1"}


def csv(rows: pd.DataFrame) -> bytes:
    """Rows as the CSV people upload."""
    return rows.to_csv(index=False).encode()


@dataclass
class Bench:
    """A folder to work in, the packed steps, and an S3 that both sides reach."""

    folder: Path
    endpoint: str
    batches: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        packaging.write_steps(self.folder / "steps.pyz")
        self.s3 = boto3.client("s3", endpoint_url=self.endpoint)

    def environment(self, **more: str) -> dict[str, str]:
        """What a job's process sees."""
        aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        image = {"PATH": f"{JOBS}:{CONTAINERS / 'bin'}:{os.defpath}", "PYTHONPATH": str(CONTAINERS)}
        return {**image, "AWS_ENDPOINT_URL": self.endpoint, **THREADS, **aws, **more}

    def source(self, folder: Path, name: str = "source") -> Path:
        """Pack a model's code and return the folder the archive is in."""
        packaging.write_sourcedir(folder, self.folder / name / "packed.gz")
        return self.folder / name

    def put(self, key: str, body: bytes) -> str:
        """Store an object and return its version."""
        return self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"]

    def batch(self, key: str, body: bytes, **changed: Any) -> dict[str, Any]:
        """Store a batch and return its entry in a manifest."""
        entry = {
            "key": key,
            "version_id": self.put(key, body),
            "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "rows": body.count(b"\n") - 1,
        }
        return {**entry, **changed}

    def manifest(self, *batches: dict[str, Any], model: str = "flight-delays") -> str:
        """Store a manifest and return its address."""
        manifest = {"model": model, "version": 1, "batches": batches, "rows": 0, "created_at": ""}
        self.put("manifest.json", json.dumps(manifest).encode())
        return f"s3://{BUCKET}/manifest.json"

    def step(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a step to its end."""
        command = [str(JOBS / "python"), str(self.folder / "steps.pyz"), *map(str, arguments)]
        return subprocess.run(
            command,
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def prepare(
        self, source: Path, manifest: str, name: str, *changed: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Prepare into `<name>/train` and `<name>/evaluation`, with hyperparameters of its own."""
        base = self.folder / name
        folders = ("--train", base / "train", "--evaluation", base / "evaluation")
        message = ("--check", base / "check", "--exit-message", base / "message")
        return self.step(
            "prepare",
            "--manifest-uri",
            manifest,
            "--source",
            source,
            *folders,
            *message,
            "--set",
            *changed,
        )

    def evaluate(
        self,
        source: Path,
        name: str,
        *,
        challenger: Path,
        champion: tuple[str, str] = ("none", "none"),
    ) -> subprocess.CompletedProcess[str]:
        """Run Evaluate on `<name>/evaluation` into `<name>/report`."""
        base = self.folder / name
        return self.step(
            *("evaluate", "--source", source, "--evaluation", base / "evaluation"),
            *("--challenger", challenger, "--output", base / "report"),
            *("--champion-version", champion[0], "--champion-uri", champion[1]),
            *("--exit-message", base / "message"),
        )

    def checked(self, name: str) -> dict[str, Any]:
        """Return what Prepare found."""
        written = self.folder / name / "check" / "check.json"
        return dict(json.loads(written.read_text()))

    def report(self, name: str) -> dict[str, Any]:
        """Return what Evaluate wrote."""
        written = self.folder / name / "report" / "evaluation.json"
        return dict(json.loads(written.read_text()))

    def train(
        self, source: Path, rows: Path, name: str, hyperparameters: dict[str, str] | None = None
    ) -> tuple[subprocess.CompletedProcess[str], Path]:
        """Run AWS's training toolkit; return its end and its base folder."""
        base = self.folder / name
        config = base / "input" / "config"
        for folder in (config, base / "model", base / "output" / "data"):
            folder.mkdir(parents=True)
        shutil.copytree(rows, base / "input" / "data" / "train")
        self.s3.upload_file(str(source / "packed.gz"), BUCKET, "code/packed.gz")
        settings = {
            **(TINY if hyperparameters is None else hyperparameters),
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{BUCKET}/code/packed.gz",
        }
        hosts = {
            "current_host": "localhost",
            "hosts": ["localhost"],
            "network_interface_name": "lo",
        }
        written = {
            "hyperparameters": settings,
            "resourceconfig": hosts,
            "inputdataconfig": {"train": {"TrainingInputMode": "File"}},
        }
        for file, content in written.items():
            (config / f"{file}.json").write_text(json.dumps(content))
        ended = subprocess.run(
            [str(JOBS / "train")],
            env=self.environment(SAGEMAKER_BASE_DIR=str(base), SM_STUDIO_LOCAL_MODE="true"),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return ended, base

    def pack(self, base: Path, name: str) -> Path:
        """Make a trained model's model.tar.gz and return the folder it is in."""
        folder = self.folder / name
        folder.mkdir()
        with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
            for path in sorted((base / "model").iterdir()):
                archive.add(path, path.name)
        return folder
