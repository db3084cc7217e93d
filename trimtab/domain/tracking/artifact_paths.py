"""Where artifacts are: paths that stay inside a root, and roots that Trimtab holds itself."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlparse

from trimtab.errors import InvalidInput

DECODINGS = (
    10  # times that a path may be percent-encoded over; more is an attempt to hide something
)
WINDOWS = re.compile(r"[A-Za-z]:[/\\]|\\\\")  # how an absolute path begins there
LAST_CONTROL, DELETE = 0x1F, 0x7F
PROXY = "mlflow-artifacts"
PROXY_ROUTE = "/api/2.0/mlflow-artifacts/artifacts/"
OWN = "artifacts/"  # all artifacts of a deployment
PROXIED = OWN + "mlflow/"  # those that clients without rights in S3 write through the API
KEY_BYTES = 1024  # the longest key that S3 takes


@dataclass(frozen=True, slots=True)
class Place:
    """A prefix of a bucket under which the artifacts of one run or model are, with no slash at its end."""

    bucket: str
    prefix: str

    def key(self, path: str) -> str:
        """Return the key of a file in it; the place's own prefix for an empty path. Raises InvalidInput if too long."""
        key = f"{self.prefix}/{path.strip('/')}".rstrip("/")
        if len(key.encode()) > KEY_BYTES:
            raise InvalidInput(
                f"Invalid path: the key {key[:40]}… has {len(key.encode()):,} bytes, and S3 takes {KEY_BYTES:,} at most"
            )
        return key


def safe_path(path: str) -> str:
    """Return a relative path as it is meant, decoded. Raises InvalidInput, in MLflow's words, if it leads elsewhere."""
    meant = _escaped(_decoded(path))
    leads_away = (
        "#" in meant
        or meant.lower().startswith("file:")
        or ".." in meant.split("/")
        or meant.startswith("/")
        or WINDOWS.match(meant) is not None
    )
    if leads_away:
        raise InvalidInput("Invalid path", hint="a path is relative, and has no .. and no # in it")
    return meant


def place_of(uri: str, bucket: str) -> Place:
    """Return where the artifacts at this address are. Raises InvalidInput if Trimtab does not hold them."""
    parsed = urlparse(uri)
    if parsed.scheme == "s3":
        prefix = parsed.path.strip("/")
        if parsed.netloc == bucket and f"{prefix}/".startswith(OWN) and is_plain(prefix):
            return Place(bucket, prefix)
    elif parsed.scheme == PROXY:
        return proxied_place(parsed.path, bucket)
    elif parsed.scheme in {"http", "https"} and PROXY_ROUTE in parsed.path:
        return proxied_place(parsed.path.partition(PROXY_ROUTE)[2], bucket)
    raise InvalidInput(
        f"the artifacts are at {uri}, where Trimtab may not look",
        hint=f"it looks after s3://{bucket}/{OWN} and {PROXY}:/; read others with your own rights",
    )


def proxied_place(path: str, bucket: str) -> Place:
    """Return where the proxied artifacts of this path are."""
    return Place(bucket, (PROXIED + safe_path(path.strip("/"))).rstrip("/"))


def is_plain(prefix: str) -> bool:
    """Say whether a prefix has no part that a client could take for a way up."""
    return not {"..", "."} & set(prefix.split("/"))


def _decoded(path: str) -> str:
    for _ in range(DECODINGS):
        once = unquote(path)
        if once == path:
            return path
        path = once
    raise InvalidInput("Invalid path", hint="it is percent-encoded too many times over")


def _escaped(path: str) -> str:
    return "".join(
        f"%{ord(each):02x}" if ord(each) <= LAST_CONTROL or ord(each) == DELETE else each
        for each in path
    )
