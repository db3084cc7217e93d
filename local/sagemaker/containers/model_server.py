"""The model server: AWS's `sagemaker-inference` handler as a WSGI application for gunicorn.

Runs in the jobs' environment. SAGEMAKER_BASE_DIR names the folder that is /opt/ml on AWS. The model
is loaded once, before gunicorn forks, so that a model that cannot be loaded ends the process with
its own traceback as the last lines of the log.
"""

import http
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sagemaker_inference import environment
from sagemaker_inference.default_handler_service import DefaultHandlerService

CODE = Path(environment.code_dir)


class Properties:
    """Headers of a request, where the toolkit looks for them."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def get_request_properties(self) -> dict[str, str]:
        """Return the headers."""
        return self._headers


class Exchange:
    """One request as the toolkit sees it through a model server's context."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.system_properties = {"model_dir": environment.model_dir}
        self.request_processor = [Properties(headers)]
        self.status = 200
        self.phrase = "OK"
        self.content_type = "application/json"

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:  # noqa: ARG002
        """Take the status that the handler decides on."""
        self.status, self.phrase = code, phrase or "Error"

    def set_response_content_type(self, idx: int, value: str) -> None:  # noqa: ARG002
        """Take the content type of the answer."""
        self.content_type = value


def install_requirements() -> None:
    """Install the model's own requirements.txt beside it, as the framework container does at start."""
    requirements = CODE / "requirements.txt"
    if requirements.is_file():
        packages = Path(environment.base_dir) / "packages"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages)]
        subprocess.run([*command, "-r", str(requirements)], check=True)
        sys.path.insert(0, str(packages))


def load() -> DefaultHandlerService:
    """Return the handler with the model loaded."""
    install_requirements()
    sys.path.insert(0, str(CODE))
    os.chdir(CODE if CODE.is_dir() else environment.base_dir)
    service = DefaultHandlerService()
    service.initialize(Exchange({}))
    return service


SERVICE = load()


def app(request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer /ping and /invocations."""
    if request["PATH_INFO"] == "/ping":
        start("200 OK", [("Content-Length", "0")])
        return [b""]
    if request["PATH_INFO"] != "/invocations" or request["REQUEST_METHOD"] != "POST":
        start("404 Not Found", [("Content-Length", "0")])
        return [b""]
    body = request["wsgi.input"].read(int(request.get("CONTENT_LENGTH") or 0))
    exchange = Exchange(headers_of(request))
    answer = SERVICE.handle([{"body": body}], exchange)[0]
    content = answer.encode() if isinstance(answer, str) else bytes(answer)
    if exchange.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        sys.stderr.write(content.decode("utf-8", "replace") + "\n")
        sys.stderr.flush()
    headers = [("Content-Type", exchange.content_type), ("Content-Length", str(len(content)))]
    start(f"{exchange.status} {exchange.phrase.splitlines()[0][:200]}", headers)
    return [content]


def headers_of(request: dict[str, Any]) -> dict[str, str]:
    """Return the headers of a WSGI request by their usual names."""
    headers = {
        name[5:].replace("_", "-").title(): value
        for name, value in request.items()
        if name.startswith("HTTP_")
    }
    if content_type := request.get("CONTENT_TYPE"):
        headers["Content-Type"] = content_type
    return headers
