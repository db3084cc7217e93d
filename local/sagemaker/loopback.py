"""HTTP to a model server over its unix socket, with connections kept open between requests."""

import http.client
import queue
import socket
from dataclasses import dataclass
from pathlib import Path

MOST_IDLE = 16


@dataclass(frozen=True)
class Reply:
    """What the model server answered."""

    status: int
    content_type: str
    custom_attributes: str | None
    body: bytes


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        """Connect on first use."""
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Line:
    """Requests to one model server; safe for many threads."""

    def __init__(self, path: Path) -> None:
        """Talk to the server that listens at `path`."""
        self._path = path
        self._idle: queue.LifoQueue[UnixConnection] = queue.LifoQueue(MOST_IDLE)

    def healthy(self, timeout: float = 2.0) -> bool:
        """Tell whether the server answers /ping with 200 in time, which is within 2 s on AWS."""
        connection = UnixConnection(self._path, timeout)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def post(self, body: bytes, headers: dict[str, str], timeout: float) -> Reply:
        """Send an inference request. Raises OSError or HTTPException; TimeoutError when it takes too long."""
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            return self._exchange(UnixConnection(self._path, timeout), body, headers)
        try:
            return self._exchange(connection, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The server had closed this idle connection: nothing was worked on, so ask once more.
            return self._exchange(UnixConnection(self._path, timeout), body, headers)

    def close(self) -> None:
        """Close idle connections."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _exchange(self, connection: UnixConnection, body: bytes, headers: dict[str, str]) -> Reply:
        try:
            connection.request("POST", "/invocations", body, headers)
            response = connection.getresponse()
            reply = Reply(
                status=response.status,
                content_type=response.headers.get("Content-Type", "application/octet-stream"),
                custom_attributes=response.headers.get("X-Amzn-SageMaker-Custom-Attributes"),
                body=response.read(),
            )
        except BaseException:
            connection.close()
            raise
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()
        return reply
