"""The deployment that tracks a run, looked for anew whenever it was lost: a local cloud may come back elsewhere."""

from collections.abc import Mapping
from typing import Any

from trimtab.client.api import Api
from trimtab.client.connection import find
from trimtab.errors import Fault, TrimtabError


class Deployment:
    """Calls the deployment of this address, or, without one, the one that the environment names or that runs here."""

    def __init__(self, api_url: str | None = None) -> None:
        self._api_url = api_url
        self._api: Api | None = None

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the answer as it came. Raises TrimtabError if there is none."""
        try:
            if self._api is None:
                self._api = Api(find(self._api_url))
            return self._api.send(method, path, body, headers)
        except TrimtabError:
            self._api = None
            raise
        except Exception as error:
            # Credentials that a profile cannot give, a connection file that is being written, and whatever else.
            self._api = None
            raise Fault(f"{type(error).__name__}: {error}") from error
