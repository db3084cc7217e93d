"""Releases: a challenger that takes over by steps, one that is stopped, and one that fails once it is champion."""

import io
import shutil
import tarfile
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from local.cloud import LocalCloud
from local.demo.feed import Feed
from local.demo.traffic import Asked, Traffic
from trimtab import names
from trimtab.client.api import Api

STAGE = "dev"
MINUTE = timedelta(minutes=1)
BAKED = timedelta(minutes=13)  # a step's least time, and two minutes until all is measured
# At each weight: so that the challenger is asked some dozens of times.
REQUESTS = {5: 500, 25: 120, 50: 200}
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
    """Drives the releases of one model, and the traffic that they are judged on."""

    def __init__(self, cloud: LocalCloud, api: Api, feed: Feed, traffic: Traffic) -> None:
        self._cloud = cloud
        self._api = api
        self._feed = feed
        self._traffic = traffic
        self._sagemaker = cloud.client("sagemaker")
        self._s3 = cloud.client("s3")

    def step(self, model: str, version: int, weight: int) -> Asked:
        """Let callers ask while the version has this share of the requests, until it is judged on that."""
        self._feed.wait("RolloutAdvanced", model=model, version=version, weight=weight)
        self._traffic.follow_the_route()
        self._cloud.advance(MINUTE)  # a step is judged on the minutes that are wholly its own
        asked = self._traffic.ask(REQUESTS[weight])
        self._cloud.advance(BAKED)
        return asked

    def begin(self, model: str, version: int) -> None:
        """Wait until the version has its first share of the requests."""
        self._feed.wait("RolloutStarted", model=model, version=version)
        for _ in range(600):
            challenger = self._api.get(f"/v1/models/{model}")["challenger"]
            if challenger and challenger["version"] == version:
                break
            time.sleep(0.1)
        self._cloud.advance(MINUTE)

    def register_a_leak(self, model: str, version: int) -> int:
        """Register by hand what a version is made of, with a mistake in its code; return the new version's number."""
        arn = self._api.get(f"/v1/models/{model}/versions/{version}")["model_package_arn"]
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
            ModelPackageGroupName=names.model_package_group(STAGE, model),
            ModelPackageDescription="the same model with a cache of airports",
            InferenceSpecification={**specification, "Containers": [container]},
            ModelApprovalStatus="PendingManualApproval",
        )["ModelPackageArn"]
        number = int(made.rpartition("/")[2])
        self._feed.wait("VersionRegistered", model=model, version=number)
        reason = {"reason": "only the cache is new, so the gate was not asked"}
        self._api.post(f"/v1/models/{model}/versions/{number}/approve", reason)
        return number

    def fail_as_champion(self, model: str, version: int) -> Failure:
        """Take the champion's endpoint away under traffic; return what became of it."""
        self._sagemaker.delete_endpoint(EndpointName=names.endpoint_name(STAGE, model, version))
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
        told = self._feed.wait("RolloutRolledBack", model=model, from_version=version)
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
