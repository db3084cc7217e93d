"""The four AWS services that a prediction calls, as far as it calls them, over HTTP: python -m ... PORT_FILE.

Endpoints answer one prediction per row; Firehose takes records, and refuses a share of the calls once it is told so.
They cost a process of their own what they cost, and next to nothing of ours.
"""

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

state: dict[str, Any] = {"objects": {}, "items": {}, "refused_every": 0, "calls": 0, "taken": []}


class Services(BaseHTTPRequestHandler):
    """Answers by path and by the name of the operation."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer in one packet

    def do_GET(self) -> None:
        if self.path == "/taken":
            self._answer(200, json.dumps(state["taken"]).encode())
            return
        body = state["objects"].get(self.path)
        self._answer(200 if body else 404, body or b"")

    def do_PUT(self) -> None:
        told = json.loads(self._body())
        if "objects" in told:
            told["objects"] = {path: text.encode() for path, text in told["objects"].items()}
        state.update(told)
        self._answer(200, b"{}")

    def do_POST(self) -> None:
        body = self._body()
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if operation == "PutRecordBatch":
            self._capture(json.loads(body))
        elif operation == "GetItem":
            key = json.loads(body)["Key"]
            item = state["items"].get(key["sk"]["S"])
            self._answer(200, json.dumps({"Item": item} if item else {}).encode())
        else:
            rows = json.loads(body)["data"]
            self._answer(200, json.dumps({"predictions": [0.5] * len(rows)}).encode())

    def _capture(self, request: dict[str, Any]) -> None:
        state["calls"] += 1
        if state["refused_every"] and state["calls"] % state["refused_every"] == 0:
            self._answer(500, b'{"__type": "ServiceUnavailableException"}')
            return
        lines = [base64.b64decode(one["Data"]).decode() for one in request["Records"]]
        state["taken"] += [json.loads(line)["eventMetadata"]["inferenceId"] for line in lines]
        self._answer(200, b'{"FailedPutCount": 0, "RequestResponses": []}')

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Services)
    Path(sys.argv[1]).write_text(str(server.server_port))
    server.serve_forever()
