"""How to reach a running local cloud, as it is printed and kept in `.trimtab/local-<port>.json`."""

import dataclasses
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from trimtab.client.connection import home
from trimtab.errors import InvalidInput, NotFound, OperatorError

CONTROL = "/_trimtab"
ATTEMPTS = Config(
    retries={"mode": "standard", "max_attempts": 3},
    s3={"addressing_style": "path"},
    # The signature covers the body already, and nothing is lost on loopback.
    request_checksum_calculation="when_required",
    connect_timeout=5,
    read_timeout=120,
)


@dataclass(frozen=True)
class Connection:
    """Address and keys of a local cloud."""

    endpoint_url: str  # every AWS service answers here
    api_url: str  # the HTTP API of Trimtab; no slash at its end; empty if nothing is deployed
    region: str
    access_key_id: str
    secret_access_key: str
    data_bucket: str  # empty if nothing is deployed
    stage: str
    pid: int  # the cloud's main process

    @property
    def port(self) -> int:
        """The port that the cloud listens on."""
        return urlsplit(self.endpoint_url).port or 80

    def to_json(self) -> str:
        """Return the connection as one line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Connection":
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of this cloud, whatever AWS settings the process has."""
        return boto3.session.Session().client(
            cast("Any", service),
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=ATTEMPTS.merge(options.pop("config", Config())),
            **options,
        )

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call one of the cloud's own routes and return its answer.

        Raises OperatorError if the cloud does not answer or refuses.
        """
        url = f"{self.endpoint_url}{CONTROL}{path}"
        request = AWSRequest(method, url, data=json.dumps(body or {}).encode())
        SigV4Auth(
            Credentials(self.access_key_id, self.secret_access_key), "trimtab", self.region
        ).add_auth(request)
        try:
            answer = urllib3.request(
                method, url, body=request.body, headers=dict(request.headers), retries=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise OperatorError(
                f"no local cloud answers at {self.endpoint_url}", hint="start one: trimtab local up"
            ) from error
        if answer.status != 200:  # noqa: PLR2004 (HTTP's OK)
            raise OperatorError(f"{method} {url} answered {answer.status}: {answer.data.decode()}")
        return answer.json()


def file_of(port: int) -> Path:
    """Return where the cloud on this port leaves its connection."""
    return home().absolute() / f"local-{port}.json"


def log_of(port: int) -> Path:
    """Return where the cloud on this port writes its log when it has no terminal."""
    return file_of(port).with_suffix(".log")


def save(connection: Connection) -> Path:
    """Leave the connection where the command line looks for it, readable by its owner only."""
    path = file_of(connection.port)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(connection.to_json() + "\n")
    return path


def running() -> list[Connection]:
    """Return the clouds that run from this home; files of clouds that are gone are removed."""
    found = []
    for path in sorted(home().absolute().glob("local-*.json")):
        connection = Connection.from_json(path.read_text())
        if alive(connection.pid):
            found.append(connection)
        else:
            path.unlink(missing_ok=True)
    return found


def choose(port: int | None = None) -> Connection:
    """Return the cloud on this port, or the only one that runs.

    Raises NotFound if there is none, InvalidInput if several run and no port is given.
    """
    clouds = [cloud for cloud in running() if port in (None, cloud.port)]
    if not clouds:
        where = "" if port is None else f" on port {port}"
        raise NotFound(
            f"no local cloud of {home()} runs{where}", hint="start one: trimtab local up --detach"
        )
    if len(clouds) > 1:
        ports = ", ".join(str(cloud.port) for cloud in clouds)
        raise InvalidInput(
            f"{len(clouds)} local clouds run, on ports {ports}", hint="name one with --port"
        )
    return clouds[0]


def alive(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_gone(pid: int, seconds: float) -> bool:
    """Wait until the process is gone; False if it is still there after this time."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
