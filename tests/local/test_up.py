"""A local cloud comes up, is found, is driven, keeps its state and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local import connection as connections
from local.cloud import LocalCloud
from tests.local import builders
from tests.local.test_processes import descendants, eventually, running
from trimtab.errors import TrimtabError

ROOT = Path(__file__).parents[2]
TRIMTAB_LOCAL = [sys.executable, "-c", "from trimtab.cli.main import main; main()", "local"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, and a place for temporary files that must be empty in the end."""
    monkeypatch.setenv("TRIMTAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return tmp_path / "home"


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `trimtab local …` as a person would."""
    return subprocess.run(
        [*TRIMTAB_LOCAL, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_up_prints_one_line_and_down_leaves_nothing(home: Path, tmp_path: Path) -> None:
    up = command("up", "--port", "0", "--detach", "--no-deploy")
    assert up.returncode == 0, up.stderr
    assert up.stdout.count("\n") == 1
    facts = json.loads(up.stdout)
    try:
        assert {
            "endpoint_url",
            "api_url",
            "region",
            "access_key_id",
            "secret_access_key",
        } <= facts.keys()
        kept = connections.file_of(connections.Connection(**facts).port)
        assert kept.stat().st_mode & 0o777 == 0o600
        assert json.loads(kept.read_text()) == facts
        below = descendants(facts["pid"])

        status = command("status")
        assert facts["endpoint_url"] in status.stdout

        advanced = command("clock", "advance", "1h30m")
        assert advanced.returncode == 0, advanced.stderr
        assert connections.choose().control("GET", "/status")["clock"]["offset_seconds"] == 5400
    finally:
        down = command("down")
    assert down.returncode == 0, down.stderr
    assert not connections.alive(facts["pid"])
    assert eventually(lambda: not running(below))
    assert list(home.iterdir()) == []
    assert list((tmp_path / "tmp").iterdir()) == []

    nothing = command("status")
    assert nothing.returncode == 5
    assert "trimtab local up" in nothing.stderr


def test_a_port_in_use_is_named_with_the_way_out(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for detach in ([], ["--detach"]):
            refused = command("up", "--port", str(port), "--no-deploy", *detach)
            assert refused.returncode == 6
            assert f"port {port} is already in use" in refused.stderr
            assert "--port 0" in refused.stderr
            assert refused.stdout == ""


def test_two_clouds_run_side_by_side_and_know_nothing_of_each_other(home: Path) -> None:
    with LocalCloud.start(deploy=False) as one, LocalCloud.start(deploy=False) as other:
        one.client("s3").create_bucket(Bucket="shared-name")
        assert other.client("s3").list_buckets()["Buckets"] == []
        other.client("s3").create_bucket(Bucket="shared-name")
        ambiguous = command("down")
        assert ambiguous.returncode == 2
        assert str(one.connection.port) in ambiguous.stderr
        assert str(other.connection.port) in ambiguous.stderr

        foreign = boto3.client(
            "s3",
            endpoint_url=one.connection.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=other.connection.access_key_id,
            aws_secret_access_key=other.connection.secret_access_key,
        )
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            foreign.list_buckets()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_state_survives_a_restart(home: Path, tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    with LocalCloud.start(data=data, deploy=False) as cloud:
        put_something_everywhere(cloud)
        cloud.advance(timedelta(hours=2))
        keys = (cloud.connection.access_key_id, cloud.connection.secret_access_key)
        os.kill(cloud.connection.pid, number)
        assert connections.wait_gone(cloud.connection.pid, 0) or cloud._process.wait(20) == 0

    with LocalCloud.start(data=data, deploy=False) as again:
        assert (again.connection.access_key_id, again.connection.secret_access_key) == keys
        assert again.status()["clock"]["offset_seconds"] == 7200
        assert what_is_there(again) == {
            "versions": 2,
            "object": b"two",
            "item": "kept",
            "group": "kept-group",
        }


FAIL = """
import boto3, os
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody="tried")
    raise ValueError("again, please")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_event_that_waits_for_its_next_attempt_survives_a_restart(
    home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    data = tmp_path / "data"
    with LocalCloud.start(data=data, deploy=False) as cloud:
        url, arn = builders.queue(cloud, "tried")
        builders.function(
            cloud,
            "failing",
            FAIL,
            builders.allow("sqs:SendMessage", arn),
            Environment={"Variables": {"QUEUE_URL": url}},
        )
        cloud.client("lambda").invoke(FunctionName="failing", InvocationType="Event")
        assert builders.receive(cloud, url) is not None
        logs = cloud.client("logs")
        eventually(lambda: reported(logs))
        cloud.connection.control("POST", "/save")
        assert cloud._process is not None
        os.kill(cloud.connection.pid, number)
        cloud._process.wait(20)

    with LocalCloud.start(cloud.connection.port, data, deploy=False) as again:
        again.advance(timedelta(seconds=61))
        assert builders.receive(again, url) is not None
        eventually(lambda: reported(again.client("logs"), 2))
        again.advance(timedelta(seconds=121))
        assert builders.receive(again, url) is not None


def reported(logs: Any, times: int = 1) -> bool:
    """Tell whether the function has ended so often: then its event waits or is given up."""
    events = logs.filter_log_events(logGroupName="/aws/lambda/failing")["events"]
    return sum("REPORT" in event["message"] for event in events) >= times


def test_a_cloud_that_did_not_come_up_leaves_its_data_alone(home: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with LocalCloud.start(data=data, deploy=False) as cloud:
        put_something_everywhere(cloud)
    snapshot = json.loads((data / "sagemaker.json").read_text())
    (data / "sagemaker.json").write_text(json.dumps({**snapshot, "version": 99}))
    kept = {file: file.read_bytes() for file in data.rglob("*.json")}
    with pytest.raises(TrimtabError, match="version 99"):
        LocalCloud.start(data=data, deploy=False)
    assert (data / "sagemaker.json").read_bytes() == kept[data / "sagemaker.json"]


def test_a_killed_cloud_loses_no_object_and_little_else(home: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with LocalCloud.start(data=data, deploy=False) as cloud:
        put_something_everywhere(cloud)
        cloud.connection.control("POST", "/save")
        cloud.client("s3").put_object(Bucket="kept", Key="late", Body=b"late")
        below = descendants(cloud.connection.pid)
        os.kill(cloud.connection.pid, signal.SIGKILL)
        assert cloud._process is not None
        cloud._process.wait()
        assert eventually(lambda: not running(below))
        assert eventually(lambda: not list((tmp_path / "tmp").iterdir()))

    with LocalCloud.start(data=data, deploy=False) as again:
        assert what_is_there(again)["item"] == "kept"
        late = again.client("s3").get_object(Bucket="kept", Key="late")
        assert late["Body"].read() == b"late"


def test_a_data_directory_serves_one_cloud_at_a_time(home: Path, tmp_path: Path) -> None:
    with (
        LocalCloud.start(data=tmp_path / "data", deploy=False),
        pytest.raises(TrimtabError, match="another local cloud") as refused,
    ):
        LocalCloud.start(data=tmp_path / "data", deploy=False)
    assert "--data" in refused.value.hint


def test_a_cloud_ends_with_the_process_that_started_it(home: Path) -> None:
    script = (
        "from local.cloud import LocalCloud; import time\n"
        "print(LocalCloud.start(deploy=False).connection.pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    starter.stdout.close()
    assert eventually(lambda: not running({pid}), 20)


@pytest.fixture
def refused_keys(empty_cloud: LocalCloud) -> list[tuple[str, str]]:
    return [
        ("test", "test"),
        ("000000000000", "test"),
        ("123456789012", "test"),
        ("AKIAIOSFODNN7EXAMPLE", "anything"),
        (empty_cloud.connection.access_key_id, "wrong"),
    ]


@pytest.mark.parametrize("service", ["s3", "sts", "dynamodb", "sagemaker", "iam", "logs"])
def test_only_the_printed_keys_open_the_cloud(
    empty_cloud: LocalCloud, refused_keys: list[tuple[str, str]], service: str
) -> None:
    call: dict[str, Any] = {
        "s3": lambda client: client.list_buckets(),
        "sts": lambda client: client.get_caller_identity(),
        "dynamodb": lambda client: client.list_tables(),
        "sagemaker": lambda client: client.list_models(),
        "iam": lambda client: client.list_users(),
        "logs": lambda client: client.describe_log_groups(),
    }
    call[service](empty_cloud.client(service))
    for access_key, secret in refused_keys:
        client = boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=empty_cloud.connection.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret,
        )
        with pytest.raises(ClientError) as refused:
            call[service](client)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def test_unsigned_requests_and_side_doors_are_shut(empty_cloud: LocalCloud) -> None:
    url = empty_cloud.connection.endpoint_url
    empty_cloud.client("s3").create_bucket(Bucket="private")
    empty_cloud.client("s3").put_object(Bucket="private", Key="k", Body=b"secret")
    for method, path, statuses in (
        ("GET", "/private/k", {403}),
        ("GET", "/private", {403}),
        ("PUT", "/private/k", {403}),
        ("POST", "/_ministack/reset", {404}),
        ("POST", "/_ministack/config", {404}),
        ("GET", "/_ministack/sqs/messages", {404}),
        ("GET", "/_trimtab/status", {403}),
        ("POST", "/_trimtab/stop", {403}),
    ):
        answer = urllib3.request(method, url + path, retries=False)
        assert answer.status in statuses, (method, path, answer.status, answer.data)
    assert empty_cloud.status()["ready"]


def test_control_needs_the_right_to_it(empty_cloud: LocalCloud) -> None:
    iam = empty_cloud.client("iam")
    iam.create_user(UserName="guest")
    key = iam.create_access_key(UserName="guest")["AccessKey"]
    url = f"{empty_cloud.connection.endpoint_url}/_trimtab/status"
    request = AWSRequest("GET", url)
    SigV4Auth(
        Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "trimtab", "us-east-1"
    ).add_auth(request)
    answer = urllib3.request("GET", url, headers=dict(request.headers), retries=False)
    assert answer.status == 403
    assert b"trimtab:Control" in answer.data


def test_sagemaker_actions_are_authorised_and_so_is_passing_a_role(
    empty_cloud: LocalCloud,
) -> None:
    iam = empty_cloud.client("iam")
    iam.create_user(UserName="modeller")
    iam.put_user_policy(
        UserName="modeller",
        PolicyName="some",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["sagemaker:CreateModelPackageGroup", "sagemaker:CreateModel"],
                        "Resource": [
                            "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/mine-*",
                            "arn:aws:sagemaker:us-east-1:000000000000:model/mine",
                        ],
                    }
                ],
            }
        ),
    )
    key = iam.create_access_key(UserName="modeller")["AccessKey"]
    client = boto3.client(
        "sagemaker",
        endpoint_url=empty_cloud.connection.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    client.create_model_package_group(ModelPackageGroupName="mine-1")
    with pytest.raises(ClientError, match="sagemaker:CreateModelPackageGroup on resource"):
        client.create_model_package_group(ModelPackageGroupName="yours-1")
    with pytest.raises(ClientError, match=r"\(AccessDeniedException\).* iam:PassRole on resource"):
        client.create_model(
            ModelName="mine",
            ExecutionRoleArn="arn:aws:iam::000000000000:role/powerful",
            PrimaryContainer={"Image": "image", "ModelDataUrl": "s3://b/k.tar.gz"},
        )


def test_the_cloud_listens_on_loopback_only(empty_cloud: LocalCloud) -> None:
    own = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False)
    others = [address for address in own.stdout.split() if "." in address]
    for address in others:
        with pytest.raises(OSError, match="refused|unreachable|timed out"):
            socket.create_connection((address, empty_cloud.connection.port), timeout=2)


def put_something_everywhere(cloud: LocalCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="kept", Key="key", Body=b"one")
    s3.put_object(Bucket="kept", Key="key", Body=b"two")
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="kept", Item={"pk": {"S": "kept"}})
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName="kept-group")


def what_is_there(cloud: LocalCloud) -> dict[str, Any]:
    s3 = cloud.client("s3")
    groups = cloud.client("sagemaker").list_model_package_groups()
    return {
        "versions": len(s3.list_object_versions(Bucket="kept", Prefix="key")["Versions"]),
        "object": s3.get_object(Bucket="kept", Key="key")["Body"].read(),
        "item": cloud.client("dynamodb").scan(TableName="kept")["Items"][0]["pk"]["S"],
        "group": groups["ModelPackageGroupSummaryList"][0]["ModelPackageGroupName"],
    }


def test_a_cloud_that_is_stopped_while_it_synthesises_ends_whole(
    home: Path, tmp_path: Path
) -> None:
    starting = subprocess.Popen(
        [*TRIMTAB_LOCAL, "up", "--port", "0"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert starting.stderr is not None
    assert "synthesising" in starting.stderr.readline()
    assert eventually(lambda: synthesises(starting.pid))
    below = descendants(starting.pid)
    os.killpg(starting.pid, signal.SIGINT)  # as Ctrl-C does: to all that run in the terminal
    printed, complained = starting.communicate(timeout=30)
    assert (starting.returncode, printed, complained) == (0, "", "")
    assert eventually(lambda: not running(below))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_detached_cloud_that_is_interrupted_while_it_comes_up_is_not_left_alone(
    home: Path, tmp_path: Path
) -> None:
    starting = subprocess.Popen(
        [*TRIMTAB_LOCAL, "up", "--port", "0", "--detach"],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert eventually(lambda: synthesises(starting.pid), 30)
    below = descendants(starting.pid)
    os.killpg(starting.pid, signal.SIGINT)
    assert starting.wait(timeout=30) == 130
    assert eventually(lambda: not running(below))
    assert list((tmp_path / "tmp").iterdir()) == []


def synthesises(pid: int) -> bool:
    """Tell whether the CDK app runs below this process."""
    below = ",".join(map(str, descendants(pid)))
    shown = subprocess.run(
        ["ps", "-o", "args=", "-p", below], capture_output=True, text=True, check=False
    )
    return "infra.app" in shown.stdout
