"""A bad batch is told to a chat, by the bus, the function and a signed request, while nobody looks."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.scenarios.conftest import Deployment
from trimtab import names

SECRET = "a secret that both sides know"
MODEL = "flight-delays-xgboost"  # the other one has had its twenty messages of this hour in other stories
PATIENCE = 60.0  # seconds


@pytest.fixture
def chat(deployment: Deployment) -> Iterator["queue.Queue[tuple[dict[str, str], Any]]"]:
    """What a chat gets, which is told by the deployment's parameter."""
    got: queue.Queue[tuple[dict[str, str], Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()
            got.put(({k.lower(): v for k, v in self.headers.items()}, json.loads(body)))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ssm, name = deployment.cloud.client("ssm"), names.webhooks_parameter("dev")
    url = f"http://127.0.0.1:{server.server_port}/chat"
    hook = {"url": url, "form": "slack", "secret": SECRET, "events": ["DatasetQuarantined"]}
    ssm.put_parameter(Name=name, Value=json.dumps([hook]), Type="SecureString")
    yield got
    ssm.delete_parameter(Name=name)
    server.shutdown()
    server.server_close()


def test_a_quarantined_batch_is_told_to_a_chat(
    deployment: Deployment, chat: "queue.Queue[tuple[dict[str, str], Any]]"
):
    deployment.put(f"incoming/{MODEL}/told to a chat.csv", b"no,flights,at,all\n1,2,3,4\n")
    headers, told = chat.get(timeout=PATIENCE)
    title, *_, command = told["text"].splitlines()
    assert title.startswith(f"*{MODEL}: a batch is quarantined (")
    assert command == f"`trimtab data quarantine {MODEL}`"
    assert headers["webhook-signature"].startswith("v1,")
