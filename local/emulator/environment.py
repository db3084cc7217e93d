"""The environment variables under which the emulator is imported: its own settings and nothing of the user's."""

import os
import secrets
import string
import tempfile
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "000000000000"
REGION = "us-east-1"
KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TERM",
    "COVERAGE_PROCESS_START",
    "TRIMTAB_HOME",
)
NO_FILE = os.devnull


@dataclass(frozen=True)
class RootKey:
    """The account's root key, which only the server itself knows."""

    access_key_id: str
    secret_access_key: str


def prepare(*, port: int, scratch: Path, data: Path | None, log_level: str = "WARNING") -> RootKey:
    """Replace this process's environment by the emulator's settings and return its root key.

    Must run before ministack is imported: it reads its settings at import. Afterwards boto3 clients
    made in this process reach the local cloud as its root.
    """
    key = RootKey("AKIA" + _random(string.ascii_uppercase + "234567", 16), secrets.token_hex(20))
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_ACCESS_KEY_ID=key.access_key_id,
        AWS_SECRET_ACCESS_KEY=key.secret_access_key,
        AWS_DEFAULT_REGION=REGION,
        AWS_REGION=REGION,
        AWS_CONFIG_FILE=NO_FILE,
        AWS_SHARED_CREDENTIALS_FILE=NO_FILE,
        AWS_EC2_METADATA_DISABLED="true",
        HOME=str(scratch),
        TMPDIR=str(scratch),
    )
    os.environ.update(_emulator_settings(port, scratch, data, log_level))
    tempfile.tempdir = str(scratch)
    return key


def _emulator_settings(
    port: int, scratch: Path, data: Path | None, log_level: str
) -> dict[str, str]:
    kept = {} if data is None else {"PERSIST_STATE": "1", "S3_PERSIST": "1"}
    files = scratch if data is None else data
    return {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "MINISTACK_HOST": "localhost",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/no-docker",
        "LOG_LEVEL": log_level,
        "STATE_DIR": str(files / "state"),
        "S3_DATA_DIR": str(files / "s3"),
        **kept,
    }


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
