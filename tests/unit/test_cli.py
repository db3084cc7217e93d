"""The command line: what it prints, where, and how it ends."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from trimtab.cli import connection, main
from trimtab.errors import InvalidInput, NotFound

MODEL = {
    "name": "churn",
    "owner": "data",
    "problem": "binary",
    "champion": {"version": 7, "endpoint_name": "trimtab-dev-churn-v7", "since": "2026-11-09"},
    "previous": None,
    "route": {"targets": [{"version": 7, "weight": 100, "endpoint_name": "trimtab-dev-churn-v7"}]},
    "training": None,
}
ENTRIES = [
    {"at": f"2026-11-{day:02}", "action": "RolloutPromoted", "reason": "x"} for day in range(1, 6)
]
MOVED = {
    "title": "Conflict",
    "status": 409,
    "detail": "champion is on version 7, not 6",
    "code": "ALIAS_MOVED",
    "hint": "read the model again, then repeat",
}


class _Deployment(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        signed = self.headers.get("Authorization", "").startswith(
            "AWS4-HMAC-SHA256 Credential=AKID"
        )
        if not signed:
            self._answer(403, {"message": "Forbidden"})
        elif self.path == "/v1/models/churn":
            self._answer(200, MODEL)
        elif self.path.startswith("/v1/models/churn/audit"):
            token = 3 if "page_token=3" in self.path else 0
            more = "3" if token == 0 else None
            items = ENTRIES[:3] if token == 0 else ENTRIES[3:]
            self._answer(200, {"items": items, "next_page_token": more})
        elif self.path.startswith("/v1/models/churn/versions"):
            self._answer(200, {"items": [], "next_page_token": None})
        else:
            self._answer(
                404, {"detail": "there is no model 'chrun'", "code": "NOT_FOUND", "hint": "churn"}
            )

    def do_POST(self) -> None:
        self._answer(409, MOVED)

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Deployment)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    facts = {
        "api_url": url,
        "region": "us-east-1",
        "access_key_id": "AKID",
        "secret_access_key": "s",
    }
    (tmp_path / "local-1.json").write_text(json.dumps(facts))
    monkeypatch.setenv("TRIMTAB_HOME", str(tmp_path))
    monkeypatch.delenv("TRIMTAB_API_URL", raising=False)
    yield url
    server.shutdown()
    server.server_close()


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["trimtab", *words])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)


def test_a_model_is_shown_with_its_champion(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "models", "show", "churn") == 0
    assert "Champion  v7   since 2026-11-09" in capsys.readouterr().out


def test_a_list_is_read_page_by_page(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "--output", "json", "audit", "list", "churn") == 0
    assert json.loads(capsys.readouterr().out) == ENTRIES


def test_a_limit_ends_a_list_early(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "--output", "md", "audit", "list", "churn", "--limit", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| at | actor | action")
    assert len(lines) == 5


def test_a_conflict_is_told_with_code_hint_and_exit_code(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "rollback", "churn", "--reason", "because") == 6
    told = capsys.readouterr()
    assert told.out == ""
    assert "error: champion is on version 7, not 6  [ALIAS_MOVED]" in told.err
    assert "read the model again, then repeat" in told.err


def test_an_unknown_model_ends_with_not_found(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "models", "show", "chrun") == 5
    assert "there is no model 'chrun'" in capsys.readouterr().err


def test_a_misspelt_command_ends_with_usage(monkeypatch, capsys):
    assert _run(monkeypatch, "modles") == 2
    assert "No such command" in capsys.readouterr().err


def test_without_a_deployment_the_way_to_one_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TRIMTAB_HOME", str(tmp_path))
    monkeypatch.delenv("TRIMTAB_API_URL", raising=False)
    assert _run(monkeypatch, "models", "list") == 5
    assert "trimtab local up --detach" in capsys.readouterr().err


def test_a_dead_deployment_is_named(tmp_path, monkeypatch, capsys):
    facts = {"region": "us-east-1", "access_key_id": "AKID", "secret_access_key": "s"}
    facts["api_url"] = "http://127.0.0.1:9"
    (tmp_path / "local-9.json").write_text(json.dumps(facts))
    monkeypatch.setenv("TRIMTAB_HOME", str(tmp_path))
    assert _run(monkeypatch, "models", "list") == 1
    assert "http://127.0.0.1:9 does not answer" in capsys.readouterr().err


def test_several_local_clouds_must_be_named(tmp_path, monkeypatch):
    facts = {"region": "us-east-1", "access_key_id": "a", "secret_access_key": "s"}
    for port in (1, 2):
        url = {"api_url": f"http://127.0.0.1:{port}"}
        (tmp_path / f"local-{port}.json").write_text(json.dumps({**facts, **url}))
    monkeypatch.setenv("TRIMTAB_HOME", str(tmp_path))
    with pytest.raises(InvalidInput, match="2 local clouds run here"):
        connection.find()
    assert connection.find("http://127.0.0.1:2/").api_url == "http://127.0.0.1:2"


def test_the_region_of_an_api_gateway_address_is_in_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIMTAB_HOME", str(tmp_path))
    found = connection.find("https://a1b2.execute-api.eu-west-1.amazonaws.com")
    assert (found.region, found.access_key_id) == ("eu-west-1", None)
    with pytest.raises(InvalidInput, match="is not an address"):
        connection.find("churn")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert connection.find("https://models.example.com").region == "eu-north-1"


def test_no_connection_is_not_found(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIMTAB_HOME", str(tmp_path))
    monkeypatch.delenv("TRIMTAB_API_URL", raising=False)
    with pytest.raises(NotFound):
        connection.find()
