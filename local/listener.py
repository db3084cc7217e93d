"""The port of a local cloud, taken before anything else is started."""

import errno
import socket

from trimtab.errors import Conflict, InvalidInput

LOOPBACK = "127.0.0.1"
BACKLOG = 512


def listen(port: int) -> socket.socket:
    """Return a socket that listens on this port (0: any free one) of this machine only.

    Raises Conflict if the port is taken, InvalidInput if it cannot be had.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A port whose last cloud has just ended can be taken at once; one that is listened on cannot.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise Conflict(
                f"port {port} is already in use",
                hint=f"stop what runs there (trimtab local down --port {port}), "
                "or take another port: trimtab local up --port 0 finds a free one",
            ) from error
        raise InvalidInput(
            f"port {port} cannot be had: {error}", hint="take one between 1024 and 65535"
        ) from error
    return listener
