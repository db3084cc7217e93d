"""Which deployment the command line talks to, and with whose credentials."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from trimtab.errors import InvalidInput, NotFound

URL_VARIABLE = "TRIMTAB_API_URL"
HOME_VARIABLE = "TRIMTAB_HOME"  # folder of the local cloud's files; .trimtab unless set


@dataclass(frozen=True)
class Connection:
    """Address of a deployment's API, and keys to sign with (None: the usual AWS chain)."""

    api_url: str
    region: str
    access_key_id: str | None = None
    secret_access_key: str | None = None
    endpoint_url: str | None = (
        None  # where all AWS services answer; None: AWS itself, or AWS_ENDPOINT_URL
    )


def find(api_url: str | None = None) -> Connection:
    """Return the connection named by `--api-url`, by TRIMTAB_API_URL, or by the local cloud that runs here.

    Raises NotFound if there is none, InvalidInput if several local clouds run and none is named.
    """
    named = api_url or os.environ.get(URL_VARIABLE)
    running = [_read(file) for file in sorted(home().glob("local-*.json"))]
    if named:
        named = named.rstrip("/")
        local = [one for one in running if one.api_url == named]
        return local[0] if local else _remote(named)
    if not running:
        raise NotFound(
            "no deployment to talk to",
            hint=f"start one here with `trimtab local up --detach`, or set {URL_VARIABLE} to the stack output ApiUrl",
        )
    if len(running) > 1:
        raise InvalidInput(
            f"{len(running)} local clouds run here",
            hint=f"name one with --api-url: {', '.join(one.api_url for one in running)}",
        )
    return running[0]


def home() -> Path:
    """Return the folder in which running local clouds leave their connection files."""
    return Path(os.environ.get(HOME_VARIABLE, ".trimtab"))


def _read(file: Path) -> Connection:
    facts = json.loads(file.read_text())
    return Connection(
        api_url=facts["api_url"],
        region=facts["region"],
        access_key_id=facts["access_key_id"],
        secret_access_key=facts["secret_access_key"],
        endpoint_url=facts.get("endpoint_url"),
    )


def _remote(url: str) -> Connection:
    host = urlsplit(url).hostname or ""
    if not host:
        raise InvalidInput(f"{url!r} is not an address", hint="give the stack output ApiUrl")
    match host.split("."):
        case [_, "execute-api", region, *_]:  # <api id>.execute-api.<region>.amazonaws.com
            return Connection(url, region)
        case _:  # a domain of one's own says nothing of its region
            return Connection(url, _configured_region())


def _configured_region() -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise InvalidInput("no AWS region is set", hint="set AWS_REGION to the deployment's region")
    return region
