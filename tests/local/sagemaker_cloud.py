"""The emulator with our SageMaker service and nothing deployed: for tests of that service.

Run as a script it serves until its standard input ends; SIGTERM is not needed. With a folder as argument it
restores its SageMaker state from there and saves it on the way out.
"""

import asyncio
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from botocore.config import Config

ROOT = Path(__file__).parents[2]
ROLE = "arn:aws:iam::000000000000:role/jobs"
INVOCATION_SECONDS = "TEST_INVOCATION_SECONDS"  # shortens the time that a model may take
BUCKET = "sagemaker-test"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
RIGHTS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:*", "logs:*", "sagemaker:*", "iam:PassRole"],
            "Resource": "*",
        }
    ],
}


class SageMakerCloud:
    """A running cloud with a bucket, a role for jobs, and a queue that gets SageMaker's events."""

    def __init__(self, data: Path | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.local.sagemaker_cloud", *([str(data)] if data else [])],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PLANTED_ON_HOST": "planted"},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the cloud ended"
        self.connection = cast("dict[str, Any]", json.loads(line))
        self.s3, self.sm = self.client("s3"), self.client("sagemaker")
        one_attempt = Config(retries={"total_max_attempts": 1}, read_timeout=70)
        self.runtime = self.client("sagemaker-runtime", config=one_attempt)
        self._prepare()

    def client(self, service: str, **options: Any) -> Any:
        import boto3

        session = boto3.Session(
            aws_access_key_id=self.connection["access_key_id"],
            aws_secret_access_key=self.connection["secret_access_key"],
            region_name="us-east-1",
        )
        url = self.connection["endpoint_url"]
        return session.client(cast("Any", service), endpoint_url=url, **options)

    def put(self, key: str, body: bytes | str) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def get(self, uri: str) -> bytes:
        return cast(
            "bytes",
            self.s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))[
                "Body"
            ].read(),
        )

    def put_archive(self, key: str, files: dict[str, str]) -> str:
        """Store files as one gzipped tar."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content.encode())
                archive.addfile(member, io.BytesIO(content.encode()))
        return self.put(key, packed.getvalue())

    def events(self, detail_type: str, until: Callable[[list[Any]], bool]) -> list[dict[str, Any]]:
        """Return the details of events of one type, oldest first, as soon as they satisfy `until`."""
        deadline = time.monotonic() + 15
        while True:
            found = [event for event in self._seen if event["detail-type"] == detail_type]
            if until(found):
                return found
            assert time.monotonic() < deadline, f"events so far: {found}"
            answer = self._sqs.receive_message(
                QueueUrl=self._queue, WaitTimeSeconds=1, MaxNumberOfMessages=10
            )
            for message in answer.get("Messages", []):
                self._seen.append(json.loads(message["Body"]))
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )

    def processes(self) -> list[tuple[int, str]]:
        """Return process id and command line of everything that runs below the cloud's scratch folder."""
        scratch, found = self.connection["scratch"], []
        for folder in Path("/proc").iterdir():
            try:
                command = (folder / "cmdline").read_bytes().decode().replace("\0", " ")
            except (OSError, ValueError):
                continue
            if scratch in command and "gunicorn" in command:
                found.append((int(folder.name), command))
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(20)

    def _prepare(self) -> None:
        iam, events = self.client("iam"), self.client("events")
        if "jobs" not in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
            iam.create_role(RoleName="jobs", AssumeRolePolicyDocument=json.dumps(TRUST))
            iam.put_role_policy(
                RoleName="jobs", PolicyName="all", PolicyDocument=json.dumps(RIGHTS)
            )
            self.s3.create_bucket(Bucket=BUCKET)
        self._sqs, self._seen = self.client("sqs"), cast("list[dict[str, Any]]", [])
        self._queue = self._sqs.create_queue(QueueName="seen")["QueueUrl"]
        pattern = json.dumps({"source": ["aws.sagemaker"]})
        events.put_rule(Name="seen", EventPattern=pattern)
        target = {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:seen"}
        events.put_targets(Rule="seen", Targets=[target])


def main() -> None:
    from local.clock import LocalClock
    from local.emulator import environment
    from local.processes import Children

    patience = float(
        os.environ.get(INVOCATION_SECONDS, "60")
    )  # the emulator clears the environment
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    children, clock = Children(), LocalClock()
    root = environment.prepare(port=port, scratch=children.scratch, data=data)

    from local.emulator import boot, iam, sagemaker_mount
    from local.emulator.faults import Faults
    from local.sagemaker import SageMaker, SageMakerConfig

    iam.close_back_doors(root)
    config = SageMakerConfig(
        f"http://127.0.0.1:{port}",
        ROOT / ".venv-jobs" / "bin",
        invocation_seconds=patience,
        spark_bin=ROOT / ".venv-spark" / "bin",
    )
    service = SageMaker(config, children, clock, boot.emit, iam.role_credentials)
    state = data / "sagemaker.json" if data else None

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def obey() -> None:
            if state is not None and state.exists():
                service.restore(json.loads(state.read_text()))
            told = {
                "endpoint_url": f"http://127.0.0.1:{port}",
                "access_key_id": root.access_key_id,
                "secret_access_key": root.secret_access_key,
                "scratch": str(children.scratch),
            }
            print(json.dumps(told), flush=True)
            sys.stdin.read()
            if state is not None:
                state.write_text(json.dumps(service.snapshot()))
                boot.save_state()
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=obey, daemon=True).start()
        gate = boot.Gate(
            sagemaker=sagemaker_mount.mount(service), control=cast("Any", None), faults=Faults()
        )
        await boot.serve(gate, listener, stop)

    try:
        asyncio.run(serve())
    finally:
        service.close()
        clock.close()
        children.close()


if __name__ == "__main__":
    main()
