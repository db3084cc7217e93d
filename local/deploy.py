"""Deploys a CDK assembly as `cdk deploy` would, by boto3 alone: assets first, then the stacks in order."""

import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from trimtab.errors import OperatorError

TOOLKIT = "CDKToolkit"
BOOTSTRAP_VERSION = "30"  # of the bootstrap stack that the pinned CDK brings
POLL_SECONDS = 0.03
STACK_SECONDS = 600.0
BODY_LIMIT = 51_200  # bytes of a template that CloudFormation takes in the request itself
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can tell: equal content makes equal bytes
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@dataclass
class Deployer:
    """Puts assemblies into one cloud."""

    client: Callable[[str], Any]  # service → boto3 client
    account: str
    region: str
    say: Callable[[str], None]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)  # by stack

    def deploy(self, assembly: Path) -> dict[str, dict[str, str]]:
        """Deploy every stack of the assembly and return the outputs by stack name.

        Raises OperatorError naming the resources that failed, with the reasons.
        """
        artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
        manifests = [a for a in artifacts.values() if a["type"] == "cdk:asset-manifest"]
        stacks = [(name, a) for name, a in artifacts.items() if _is_stack(a)]
        self._bootstrap()
        for manifest in manifests:
            self._publish(assembly, assembly / manifest["properties"]["file"])
        for name, artifact in _ordered(stacks):
            properties = artifact["properties"]
            template = (assembly / properties["templateFile"]).read_text()
            self._stack(properties.get("stackName", name), template, properties)
        return self.outputs

    def _bootstrap(self) -> None:
        """Provide what templates and assets expect of an environment that CDK has bootstrapped."""
        self._stack(TOOLKIT, json.dumps(_toolkit_template()), {})

    def _publish(self, assembly: Path, manifest: Path) -> None:
        """Upload the manifest's assets, but not those that are there already."""
        s3 = self.client("s3")
        for asset in json.loads(manifest.read_text()).get("files", {}).values():
            source = assembly / asset["source"]["path"]
            for destination in asset["destinations"].values():
                bucket = self._filled(destination["bucketName"])
                key = self._filled(destination["objectKey"])
                if not _exists(s3, bucket, key):
                    s3.put_object(Bucket=bucket, Key=key, Body=_content(source, asset["source"]))

    def _stack(self, name: str, template: str, properties: dict[str, Any]) -> None:
        started = time.monotonic()
        given = {
            "StackName": name,
            **self._template(name, template),
            "Capabilities": CAPABILITIES,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in properties.get("parameters", {}).items()
            ],
            "Tags": [
                {"Key": key, "Value": value} for key, value in properties.get("tags", {}).items()
            ],
        }
        done = self._apply(name, given)
        stack = self._settled(name)
        outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
        if name != TOOLKIT:
            self.outputs[name] = outputs
            self.say(f"stack {name}: {done} in {time.monotonic() - started:.1f} s")

    def _template(self, name: str, body: str) -> dict[str, str]:
        """Give the template itself, or its address if it is larger than CloudFormation takes."""
        if len(body.encode()) <= BODY_LIMIT:
            return {"TemplateBody": body}
        bucket = _toolkit_bucket(self.account, self.region)
        self.client("s3").put_object(Bucket=bucket, Key=f"{name}.json", Body=body.encode())
        return {"TemplateURL": f"https://s3.{self.region}.amazonaws.com/{bucket}/{name}.json"}

    def _apply(self, name: str, given: dict[str, Any]) -> str:
        cloudformation = self.client("cloudformation")
        try:
            if not self._stands(name):
                cloudformation.create_stack(**given)
                return "created"
            cloudformation.update_stack(**given)
        except ClientError as error:
            reason = error.response["Error"]["Message"]
            if "No updates are to be performed" in reason:
                return "unchanged"
            raise OperatorError(f"stack {name} is refused: {reason}") from error
        return "updated"

    def _stands(self, name: str) -> bool:
        """Tell whether there is a stack to update; one whose creation failed is deleted first."""
        cloudformation = self.client("cloudformation")
        try:
            status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError:
            return False
        if status not in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
            return True
        cloudformation.delete_stack(StackName=name)
        self._settled(name, gone=True)
        return False

    def _settled(self, name: str, *, gone: bool = False) -> dict[str, Any]:
        """Wait until the stack's operation has ended. Raises OperatorError if it failed."""
        cloudformation = self.client("cloudformation")
        deadline = time.monotonic() + STACK_SECONDS
        while time.monotonic() < deadline:
            try:
                stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError:
                if gone:
                    return {}
                raise
            status = stack["StackStatus"]
            if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                return stack
            if not status.endswith("IN_PROGRESS"):
                raise OperatorError(
                    f"stack {name} ended as {status}: {self._failures(name)}",
                    hint="correct the template; nothing of this deployment is left",
                )
            time.sleep(POLL_SECONDS)
        raise OperatorError(f"stack {name} has not settled in {STACK_SECONDS:.0f} s")

    def _failures(self, name: str) -> str:
        """Return the resources that failed, with reasons, in the order in which they failed."""
        pages = (
            self.client("cloudformation")
            .get_paginator("describe_stack_events")
            .paginate(StackName=name)
        )
        events = [event for page in pages for event in page["StackEvents"]]
        failed = [
            f"{event['LogicalResourceId']} ({event['ResourceType']}): "
            f"{event.get('ResourceStatusReason', 'no reason given')}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("FAILED")
        ]
        return "; ".join(dict.fromkeys(failed)) or "no event tells why"

    def _filled(self, text: str) -> str:
        for name, value in (
            ("AccountId", self.account),
            ("Region", self.region),
            ("Partition", "aws"),
        ):
            text = text.replace(f"${{AWS::{name}}}", value)
        return text


def zipped(folder: Path) -> bytes:
    """Return the folder's content as a zip whose bytes depend on nothing else."""
    target = folder.with_name(f"{folder.name}.zip")
    if not target.exists():
        making = target.with_suffix(f".{os.getpid()}")
        with zipfile.ZipFile(making, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
                info.external_attr = (path.stat().st_mode & 0o777) << 16
                archive.writestr(info, path.read_bytes())
        making.replace(target)
    return target.read_bytes()


def _content(source: Path, described: dict[str, Any]) -> bytes:
    return zipped(source) if described["packaging"] == "zip" else source.read_bytes()


def _exists(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True


def _is_stack(artifact: dict[str, Any]) -> bool:
    return bool(artifact["type"] == "aws:cloudformation:stack")


def _ordered(
    stacks: list[tuple[str, dict[str, Any]]],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each stack after those it depends on."""
    waiting = dict(stacks)
    while waiting:
        ready = [
            name
            for name, artifact in waiting.items()
            if not set(artifact.get("dependencies", [])) & set(waiting)
        ]
        if not ready:
            raise OperatorError(f"stacks {', '.join(waiting)} depend on each other in a circle")
        for name in ready:
            yield name, waiting.pop(name)


def _toolkit_bucket(account: str, region: str) -> str:
    return f"cdk-hnb659fds-assets-{account}-{region}"


def _toolkit_template() -> dict[str, Any]:
    """The part of CDK's bootstrap stack that deploying needs, under its own logical ids.

    So the true `cdk bootstrap` finds a stack of its own and brings it up to date.
    """
    return {
        "Resources": {
            "StagingBucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "BucketName": {
                        "Fn::Sub": _toolkit_bucket("${AWS::AccountId}", "${AWS::Region}")
                    }
                },
            },
            "CdkBootstrapVersion": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {
                    "Type": "String",
                    "Name": "/cdk-bootstrap/hnb659fds/version",
                    "Value": BOOTSTRAP_VERSION,
                },
            },
        },
        "Outputs": {"BucketName": {"Value": {"Ref": "StagingBucket"}}},
    }
