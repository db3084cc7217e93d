"""The deployment that tracks a run, looked for anew whenever it was lost: a local cloud may come back elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trimtab.client.api import Api
from trimtab.client.connection import Connection, find
from trimtab.errors import Fault, TrimtabError


class Deployment:
    """Calls the deployment of this address, or, without one, the one that the environment names or that runs here."""

    def __init__(self, api_url: str | None = None) -> None:
        self._api_url = api_url
        self._api: Api | None = None
        self._s3: Any = None

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the answer as it came. Raises TrimtabError if there is none."""
        with self._connected() as api:
            return api.send(method, path, body, headers)

    def put_object(self, bucket: str, key: str, file: Path) -> None:
        """Write a file to the bucket, with the caller's own rights. Raises TrimtabError if that fails."""
        with self._connected():
            self._s3 = self._s3 or _s3(self._connection)
            self._s3.upload_file(str(file), bucket, key)

    @contextmanager
    def _connected(self) -> Iterator[Api]:
        try:
            if self._api is None:
                self._connection = find(self._api_url)
                self._api, self._s3 = Api(self._connection), None
            yield self._api
        except TrimtabError:
            self._api = None
            raise
        except Exception as error:
            # Credentials that a profile cannot give, a connection file that is being written, S3's refusals.
            self._api = None
            raise Fault(f"{type(error).__name__}: {error}") from error


def _s3(connection: Connection) -> Any:
    import boto3  # noqa: PLC0415 (most runs keep no files while they train)

    return boto3.session.Session().client(
        "s3",
        region_name=connection.region,
        endpoint_url=connection.endpoint_url,
        aws_access_key_id=connection.access_key_id,
        aws_secret_access_key=connection.secret_access_key,
    )
