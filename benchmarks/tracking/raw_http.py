"""MLflow's REST API over one kept connection, with nothing of a client's own time in it."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

PREFIX = "/api/2.0/mlflow/"


class RawHttp:
    """Calls a server at an address."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def __call__(self, method: str, endpoint: str, fields: dict[str, Any]) -> dict[str, Any]:
        path, body, headers = PREFIX + endpoint, None, {}
        if method == "GET":
            path += f"?{urlencode(fields)}"
        else:
            body, headers = json.dumps(fields), {"Content-Type": "application/json"}
        try:
            status, told = self._ask(method, path, body, headers)
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            self._connection.close()  # the server closes connections that were idle for some seconds
            status, told = self._ask(method, path, body, headers)
        if status != 200:
            raise RuntimeError(f"{endpoint} answered {status}: {told}")
        return told

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())
