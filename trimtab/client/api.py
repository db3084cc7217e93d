"""A deployment's HTTP API, called with signed requests."""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

from trimtab.client.connection import Connection
from trimtab.errors import CallerError, NotAllowed, OperatorError, TrimtabError

TIMEOUT = urllib3.Timeout(connect=5.0, read=35.0)  # API Gateway itself gives up after 30 s


class Api:
    """Calls one deployment. Every method returns parsed JSON or raises the TrimtabError that the API told."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)
        self._signer = SigV4Auth(_credentials(connection), "execute-api", connection.region)

    def get(self, path: str, **query: str | int | None) -> Any:
        """Return what the API says of `path`."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._call(
            "GET", path + (f"?{urlencode(given, quote_via=quote)}" if given else ""), None
        )

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask the API to do something."""
        return self._call("POST", path, json.dumps(body).encode())

    def items(
        self, path: str, *, limit: int | None = None, **query: str | int | None
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of a paged list, newest first, `limit` at most."""
        token: str | None = None
        left = limit
        while left is None or left > 0:
            page = self.get(path, limit=min(left or 100, 100), page_token=token, **query)
            yield from page["items"]
            left = None if left is None else left - len(page["items"])
            token = page.get("next_page_token")
            if not token:
                return

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Return the answer as it came, whatever its status. Raises OperatorError if there is none."""
        url = self._connection.api_url + quote(path, safe="/?&=%")
        said = {"Content-Type": "application/json"} if body is not None else {}
        said.update(headers or {})
        request = AWSRequest(method=method, url=url, data=body or b"", headers=said)
        self._signer.add_auth(request)
        try:
            return self._http.request(method, url, body=body, headers=dict(request.headers))
        except urllib3.exceptions.HTTPError as error:
            raise OperatorError(
                f"{self._connection.api_url} does not answer: {error}",
                hint="is it running?  trimtab local status",
            ) from error

    def _call(self, method: str, path: str, body: bytes | None) -> Any:
        answer = self.send(method, path, body)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _told(answer.status, answer.data)
        return json.loads(answer.data)


def _credentials(connection: Connection) -> Any:
    if connection.access_key_id and connection.secret_access_key:
        return Credentials(connection.access_key_id, connection.secret_access_key)
    found = Session().get_credentials()
    if found is None:
        raise NotAllowed("no AWS credentials found", hint="configure them as for the aws command")
    return found


def _told(status: int, data: bytes) -> TrimtabError:
    """The error that a problem+json body describes."""
    try:
        problem = json.loads(data)
    except ValueError:
        problem = {"detail": data.decode(errors="replace")[:200]}
    detail = problem.get("detail") or problem.get("message") or f"HTTP {status}"
    hint, problems = problem.get("hint", ""), problem.get("errors", [])
    kind = next(
        (kind for kind in CallerError.__subclasses__() if kind.status == status),
        CallerError if status < HTTPStatus.INTERNAL_SERVER_ERROR else OperatorError,
    )
    error = kind(detail, hint=hint, problems=problems)
    error.code = problem.get("code", kind.code)
    return error
