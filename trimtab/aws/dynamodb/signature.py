"""AWS's signature, version 4, of a POST to the root of a service; the day's key is derived once."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Credentials:
    """Who signs; a session token comes with keys that end."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""


def signed(
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    *,
    region: str,
    service: str,
    at: datetime,
) -> dict[str, str]:
    """Return the headers, which must name the host in lower case, with date, token and signature; `at` is in UTC."""
    moment = at.strftime("%Y%m%dT%H%M%SZ")
    made = {**headers, "x-amz-date": moment}
    if credentials.session_token:
        made["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(made))
    lines = [f"{name}:{made[name]}" for name in sorted(made)]
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join(["POST", "/", "", *lines, "", names, digest])
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = "\n".join([ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = _key(credentials.secret_access_key, moment[:8], region, service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    who = f"{credentials.access_key_id}/{scope}"
    made["authorization"] = (
        f"{ALGORITHM} Credential={who}, SignedHeaders={names}, Signature={signature}"
    )
    return made


@lru_cache(maxsize=4)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
