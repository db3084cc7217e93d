"""Releases: a challenger that takes over by steps, one that is stopped, and one that fails once it is champion."""

import io
import shutil
import tarfile
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from local.demo.scene import MODEL, Scene
from local.demo.traffic import Asked
from trimtab import names

STAGE = "dev"
MINUTE = timedelta(minutes=1)
BAKED = timedelta(minutes=13)  # a step's least time, and two minutes until all is measured
WEIGHTS = (5, 25, 50)  # of the model's steps, per cent
ENOUGH, ROUND = (
    24,
    100,
)  # requests of the challenger that a step is judged on; so many are sent together
LEAK = """

_asked = 0
_predict = predict_fn


def predict_fn(rows, model):
    global _asked
    _asked += 1
    if _asked > 8 and _asked % 2:
        raise MemoryError("the cache of airports is full")
    return _predict(rows, model)
"""
"""What a person puts into the code of a version: it answers well at first, then fails every second time."""


class Failure(NamedTuple):
    """What became of a champion that failed."""

    told: dict[str, Any]  # the event of the rollback
    seconds: (
        float  # from the minute that raises the alarm to the first answer that needs no fallback
    )
    instead: int  # requests that the version before answered until then, in its stead
    failed: int  # requests that nobody answered


class Releases:
    """Drives the model's releases, and the traffic that they are judged on."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._cloud = scene.cloud
        self._feed = scene.feed
        self._traffic = scene.traffic
        self._sagemaker = scene.cloud.client("sagemaker")
        self._s3 = scene.cloud.client("s3")

    def take_over(self, version: int) -> list[str]:
        """See a version through all its steps; return what was told of each."""
        self.begin(version)
        told = [f"{weight} %: {self.step(version, weight)}" for weight in WEIGHTS]
        promoted = self._feed.wait("RolloutPromoted", model=MODEL, version=version)
        self._traffic.follow_the_route()
        return [*told, f"100 %: {promoted['reason']}"]

    def step(self, version: int, weight: int) -> Asked:
        """Let callers ask while the version has this share of the requests, until it is judged on that."""
        self._feed.wait("RolloutAdvanced", model=MODEL, version=version, weight=weight)
        self._traffic.follow_the_route()
        self._cloud.advance(MINUTE)  # a step is judged on the minutes that are wholly its own
        asked = self._traffic.ask(ROUND)
        while asked.answered[version] + asked.failed < ENOUGH:
            asked += self._traffic.ask(ROUND)
        self._cloud.advance(BAKED)
        return asked

    def begin(self, version: int) -> None:
        """Wait until the version has its first share of the requests."""
        self._feed.wait("RolloutStarted", model=MODEL, version=version)
        for _ in range(600):
            challenger = self._scene.api.get(self._scene.path())["challenger"]
            if challenger and challenger["version"] == version:
                break
            time.sleep(0.1)
        self._cloud.advance(MINUTE)

    def register_a_leak(self, version: int) -> int:
        """Register by hand what a version is made of, with a mistake in its code; return the new version's number."""
        arn = self._scene.version(version)["model_package_arn"]
        package = self._sagemaker.describe_model_package(ModelPackageName=arn)
        specification = package["InferenceSpecification"]
        container = specification["Containers"][0]
        bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
        with tempfile.TemporaryDirectory() as folder:
            archive = _with_leak(
                self._s3.get_object(Bucket=bucket, Key=key)["Body"].read(), Path(folder)
            )
        changed = key.replace("model.tar.gz", "by-hand/model.tar.gz")
        self._s3.put_object(Bucket=bucket, Key=changed, Body=archive)
        container = {**container, "ModelDataUrl": f"s3://{bucket}/{changed}"}
        made = self._sagemaker.create_model_package(
            ModelPackageGroupName=names.model_package_group(STAGE, MODEL),
            ModelPackageDescription="the same model with a cache of airports",
            InferenceSpecification={**specification, "Containers": [container]},
            ModelApprovalStatus="PendingManualApproval",
        )["ModelPackageArn"]
        number = int(made.rpartition("/")[2])
        self._feed.wait("VersionRegistered", model=MODEL, version=number)
        reason = {"reason": "only the cache is new, so the gate was not asked"}
        self._scene.api.post(self._scene.path("versions", number, "approve"), reason)
        return number

    def fail_as_champion(self, version: int) -> Failure:
        """Take the champion's endpoint away under traffic; return what became of it."""
        self._sagemaker.delete_endpoint(EndpointName=names.endpoint_name(STAGE, MODEL, version))
        asked = []
        for _ in range(2):
            asked.append(self._traffic.ask(10))
            self._cloud.advance(MINUTE)
        raised = time.monotonic()
        self._cloud.advance(MINUTE)
        while (one := self._traffic.ask(1)).failed or one.instead:
            asked.append(one)
            time.sleep(0.02)
        took = time.monotonic() - raised
        told = self._feed.wait("RolloutRolledBack", model=MODEL, from_version=version)
        instead, failed = sum(each.instead for each in asked), sum(each.failed for each in asked)
        return Failure(told, took, instead, failed)


def _with_leak(archive: bytes, folder: Path) -> bytes:
    """Return a version's archive with the leak in its code."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        for member in packed.getmembers():
            if member.isfile():
                file = folder / member.name
                file.parent.mkdir(parents=True, exist_ok=True)
                source = packed.extractfile(member)
                if source is not None:
                    file.write_bytes(source.read())
    code = next(folder.rglob("inference.py"))
    code.write_text(code.read_text() + LEAK)
    made = shutil.make_archive(str(folder / "made"), "gztar", root_dir=folder)
    return Path(made).read_bytes()
