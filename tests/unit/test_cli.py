"""The command line: what it prints, where, and how it ends."""

import hashlib
import io
import json
import re
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from trimtab.cli import main, output
from trimtab.client import connection
from trimtab.errors import InvalidInput, NotFound

MODEL = {
    "name": "churn",
    "owner": "data",
    "problem": "binary",
    "champion": {"version": 7, "endpoint_name": "trimtab-dev-churn-v7", "since": "2026-11-09"},
    "previous": {"version": 6, "endpoint_name": "trimtab-dev-churn-v6", "since": "2026-11-01"},
    "route": {"targets": [{"version": 7, "weight": 100, "endpoint_name": "trimtab-dev-churn-v7"}]},
    "training": None,
}
ENTRIES = [
    {
        "at": f"2026-11-{day:02}T07:09:08.211254Z",
        "actor": "arn:aws:iam::000000000000:user/operator",
        "action": "RolloutPromoted",
        "subject": "object incoming/churn/a name that is far too long for any terminal of 80 columns.csv",
        "reason": "auc 0.706 >= floor 0.55; | " + "so much more to say " * 4,
    }
    for day in range(1, 6)
]
SKIPPED = {
    "at": "2026-11-06T07:00:00.5Z",
    "action": "TrainingSkipped",
    "subject": "training on dataset 14",
    "reason": "4,000 new rows since the last training < 40,000",
    "after": {"decision": {"dataset_version": 14, "cause": {"kind": "schedule"}}},
}
REQUESTS = [
    {"requested_at": "2026-11-05T07:00:00Z", "phase": "successful", "dataset_version": 12},
    {"requested_at": "2026-11-04T07:00:00Z", "phase": "failed", "dataset_version": 3},
]
QUARANTINED = [
    {"id": f"r{n}", "key": f"incoming/late/{key}.csv", "version_id": f"v{n}", "closing": closing}
    for n, key, closing in (
        (4, "may", {"verdict": "rejected"}),
        (3, "may", None),
        (2, "may", None),
        (1, "june", {"verdict": "released"}),
    )
]
IDEA = {
    "id": "20261109T080000-abc",
    "hypothesis": "holidays delay flights",
    "model": "churn",
    "runs": ["r1", "r2"],
    "conclusion": "worked",
    "reason": "auc 0.71 > 0.69",
    "created_by": "arn:aws:iam::000000000000:user/ann",
    "created_at": "2026-11-09T08:00:00Z",
    "concluded_by": "arn:aws:iam::000000000000:user/ann",
    "concluded_at": "2026-11-10T08:00:00Z",
}
BATCHES = [
    {
        "key": "incoming/late/2026/may.csv",
        "rows": 10,
        "size": 6,
        "format": "csv",
        "sha256": "",
        "release": {"actor": "arn:aws:iam::1:user/ann"},
    }
]
DATASET = {"rows": 10, "created_at": "2026-11-05T07:00:00Z", "reason": "fine", "profile_uri": None}
DIFF = {
    "sentence": "dataset version 2 → 3: 10 → 20 rows",
    "batches_added": ["incoming/late/may.csv"],
    "batches_removed": [],
    "columns_added": ["gate"],
    "columns_removed": [],
    "columns_retyped": [{"column": "door", "before": "string", "after": "integer"}],
    "moved": [{"column": "distance", "distance": 0.25, "how": "mean 1 → 2"}],
}
WHY = {
    "sentence": "churn was not trained between a and b: 1 cause came.",
    "causes": [
        {
            "at": "2026-11-09T02:00:00Z",
            "cause": "drift",
            "outcome": "wait",
            "policy": "retraining.budget.runs",
            "value": 4,
            "limit": 4,
            "reason": "4 runs in the last 7 days >= 4",
        }
    ],
    "running": {"request_id": "r-1", "started_at": "2026-11-09T01:00:00Z"},
    "waiting": [
        {
            "cause": {"kind": "drift"},
            "waits_for": "budget",
            "until": "2026-11-10T02:00:00Z",
            "reason": "4 runs",
        },
        {"cause": {"kind": "person"}, "waits_for": "run", "until": None, "reason": "r-1"},
    ],
    "budget": {
        "days": 7,
        "runs": 0,
        "runs_most": 4,
        "instance_hours": 1.5,
        "instance_hours_most": 10.0,
    },
}
NOTHING = {"items": [], "next_page_token": None}
CHAMPION = {
    "alias": "champion",
    "version": 7,
    "since": "2026-11-09T08:00:00Z",
    "before": 6,
    "actor": "start_rollout",
    "reason": "auc 0.71 > 0.69",
}
LIVE = {
    "items": [
        {"model": "churn", "aliases": [CHAMPION, {**CHAMPION, "alias": "best", "version": 2}]}
    ],
    "next_page_token": None,
}
EARLIER = {
    "items": [{"model": "churn", "aliases": [{**CHAMPION, "version": 6}]}],
    "next_page_token": None,
}
KEPT = {
    "/v1/models/churn/aliases": {"items": [CHAMPION], "next_page_token": None},
    "/v1/models/churn/aliases/champion": {
        "items": [{**CHAMPION, "at": "2026-11-09T08:00:00Z"}],
        "next_page_token": None,
    },
    "/v1/models/late/aliases": NOTHING,
    "/v1/models/churn/training/why": WHY,
    "/v1/models/late/training/why": {
        **WHY,
        "running": None,
        "waiting": [],
        "budget": {**WHY["budget"], "runs": None, "instance_hours": None},
    },
    "/v1/models/none/training/why": {**WHY, "running": None, "waiting": [], "budget": None},
    "/v1/models/churn/training": {"items": REQUESTS, "next_page_token": None},
    "/v1/models/churn/versions": NOTHING,
    "/v1/models/churn/rollouts": NOTHING,
    "/v1/models/late/datasets/3": DATASET,
    "/v1/models/late/datasets/3/diff": DIFF,
    "/v1/models/late/datasets/3/batches": {"items": BATCHES, "next_page_token": None},
    "/v1/models/late/quarantine": {"items": QUARANTINED, "next_page_token": None},
    "/v1/models/churn/quarantine": {"broken": "answer"},
    "/v1/models/churn/contract": {"json_schema": {"type": "object"}, "mlflow": {"inputs": "[]"}},
}
CODE = {"commit": "abc123", "branch": "main", "dirty": True, "script": "train.py"}
A_RUN = {
    "run_id": "r1",
    "name": "swift-owl",
    "experiment": "churn",
    "status": "FINISHED",
    "started_at": "2026-11-09T08:00:00Z",
    "ended_at": None,
    "user": "ann",
    "params": {"depth": "5"},
    "metrics": {"auc": 0.71},
    "code": CODE,
}
RUNS_DIFF = {
    "a": A_RUN,
    "b": {**A_RUN, "run_id": "r2"},
    "params": [
        {"key": "depth", "a": "5", "b": "6", "same": False},
        {"key": "seed", "a": "0", "b": "0", "same": True},
    ],
    "metrics": [{"key": "auc", "a": 0.71, "b": 0.73, "change": 0.02, "same": False}],
    "code": {"a": CODE, "b": CODE, "same": False, "a_diff": "-depth = 5", "b_diff": None},
}
LINEAGE = {
    "of": [{"kind": "dataset", "id": "churn/1", "at": "2026-11-09T08:00:00Z", "says": "9 rows"}],
    "things": [{"kind": "version", "id": "churn/7", "at": None, "says": "approved: good"}],
    "links": [{"source": "dataset:churn/1", "target": "version:churn/7"}],
    "complete": False,
}
TRIALS = [
    {
        **A_RUN,
        "run_id": f"t{number}",
        "status": "FAILED" if auc is None else "FINISHED",
        "params": {
            "depth": str(number),
            "eta": f"0.{number + 1}23456789",
            "kind": "ab"[number % 2],
            "rounds": "200",
        },
        "metrics": {} if auc is None else {"objective": auc},
        "tags": {"mlflow.parentRunId": "s1"}
        | ({"trimtab.best_trial": "true"} if number == 2 else {})
        | ({"trimtab.verdict": "AlgorithmError: eta exceeds 1"} if auc is None else {}),
    }
    for number, auc in enumerate((0.6, None, 0.7, 0.65), start=0)
]
SEARCHED = {
    "/v1/lineage": LINEAGE,
    "/v1/runs": {"items": [A_RUN], "next_page_token": None},
    "/v1/runs/best": {"items": [A_RUN], "next_page_token": None},
    "/v1/runs/r1": A_RUN,
    "/v1/runs/t0": TRIALS[0],
    f"/v1/runs/{'a' * 32}": {
        **A_RUN,
        "execution": {
            "steps": [
                {"job_kind": None, "job": None},
                {"job_kind": "tuning", "job": "tune-7"},
            ]
        },
    },
    f"/v1/runs/{'b' * 32}": A_RUN,
    "/v1/runs/diff": RUNS_DIFF,
    "/v1/audit": {"items": [{**ENTRIES[0], "model": "churn"}], "next_page_token": None},
    "/v1/ideas": {"items": [IDEA], "next_page_token": None},
    f"/v1/ideas/{IDEA['id']}": IDEA,
}
MOVED = {
    "title": "Conflict",
    "status": 409,
    "detail": "champion is on version 7, not 6",
    "code": "ALIAS_MOVED",
    "hint": "read the model again, then repeat",
}

asked: list[dict[str, object]] = []  # what was posted to the deployment
posted: list[str] = []  # and where


class _Deployment(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        signed = self.headers.get("Authorization", "").startswith(
            "AWS4-HMAC-SHA256 Credential=AKID"
        )
        if self.path == "/file":  # an address that S3 answers
            self._answer(200, "rows")
        elif not signed:
            self._answer(403, {"message": "Forbidden"})
        elif self.path.startswith(("/v1/audit?", "/v1/ideas", "/v1/lineage", "/v1/runs")):
            self._search()
        elif self.path.startswith("/v1/live"):
            self._answer(200, EARLIER if "2026-11-08" in self.path else LIVE)
        elif self.path == "/v1/models/churn":
            self._answer(200, MODEL)
        elif self.path.startswith("/v1/models/churn/audit"):
            token = 3 if "page_token=3" in self.path else 0
            more = "3" if token == 0 else None
            wanted = int(parse_qs(urlsplit(self.path).query)["limit"][0])
            items = (ENTRIES[:3] if token == 0 else [*ENTRIES[3:], SKIPPED])[:wanted]
            self._answer(200, {"items": items, "next_page_token": more})
        elif (answer := KEPT.get(urlsplit(self.path).path)) is not None:
            self._answer(200, answer)
        else:
            self._answer(
                404, {"detail": "there is no model 'chrun'", "code": "NOT_FOUND", "hint": "churn"}
            )

    def _search(self) -> None:
        """Remember what was asked, and answer with what is kept for its path."""
        url = urlsplit(self.path)
        asked.append({"path": url.path, **parse_qs(url.query)})
        self._answer(200, SEARCHED[url.path])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked.append(body)
        posted.append(self.path)
        if "/quarantine/" in self.path:
            self._answer(200, {"reason": "It is closed", "model": "late"})
        elif body.get("reason") == "too late":
            self._answer(409, MOVED)
        elif self.path.endswith("/training"):
            until = "2026-11-09T06:00:00Z" if not body["force"] else None
            self._answer(202, {"decision": "wait", "reason": "it is night", "until": until})
        elif self.path == "/v1/ideas":
            alike = {"likeness": 0.62, "idea": IDEA}
            self._answer(200, {"idea": {**IDEA, "id": "new"}, "created": True, "similar": [alike]})
        elif self.path.startswith("/v1/ideas/"):
            self._answer(200, IDEA)
        elif body.get("reason") == "gone":
            sentence = "Version 6 is made again."
            waits = {"sentence": sentence, "changed": False, "waits": True, "version": 6}
            self._answer(200, waits)
        else:
            self._answer(200, {"sentence": "Version 6 answers.", "changed": True, "version": 6})

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
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
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
    asked.clear()
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
    assert "Champion    v7   since 2026-11-09" in capsys.readouterr().out


def test_a_list_is_read_page_by_page(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "--output", "json", "audit", "list", "churn") == 0
    assert json.loads(capsys.readouterr().out) == [*ENTRIES, SKIPPED]


def test_a_limit_ends_a_list_early(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "--output", "md", "audit", "list", "churn", "--limit", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| AT | ACTOR | ACTION")
    assert len(lines) == 5
    assert "floor 0.55; \\| so much" in lines[2]


def test_the_trail_of_all_models_is_asked_for_by_who_what_and_when(deployment, monkeypatch, capsys):
    words = ["--actor", "user/operator", "--subject", "version 2", "--since", "2026-11-09"]
    assert _run(monkeypatch, "audit", "list", *words, "--until", "2026-11-09T10:00+02:00") == 0
    assert asked == [
        {
            "path": "/v1/audit",
            "limit": ["20"],
            "from": ["2026-11-09T00:00:00+00:00"],
            "to": ["2026-11-09T08:00:00+00:00"],
            "actor": ["user/operator"],
            "subject": ["version 2"],
        }
    ]
    assert "churn  user/operator  RolloutPromoted" in capsys.readouterr().out


def test_a_time_may_be_told_as_so_long_ago(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "audit", "list", "churn", "--since", "14d") == 0
    query: Any = asked[0]
    ago = datetime.now(UTC) - datetime.fromisoformat(query["from"][0])
    assert timedelta(days=14) <= ago < timedelta(days=14, hours=1)
    assert query["model"] == ["churn"]


@pytest.mark.parametrize(
    "time", ["yesterday", "14", "99999w ", "2026-13-01", "0001-01-01T00:00+14"]
)
def test_a_time_that_is_none_is_refused_with_examples(deployment, monkeypatch, capsys, time):
    assert _run(monkeypatch, "audit", "list", "--since", time) == 2
    assert "is not a time such as 14d" in capsys.readouterr().err


def test_what_is_live_is_told_of_every_model(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "models", "live") == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["MODEL", "VERSION", "SINCE", "ACTOR", "REASON"]
    assert line.startswith("churn        7  2026-11-09 08:00:00Z  start_rollout  auc 0.71")
    assert _run(monkeypatch, "models", "live", "--aliases", "--at", "2026-11-09") == 0
    _, first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:3] == ["churn", "champion", "7"]
    assert second.split()[:3] == ["churn", "best", "2"]


def test_two_moments_are_compared_alias_by_alias(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "models", "diff", "2026-11-08", "2026-11-09") == 0
    _, best, champion = capsys.readouterr().out.splitlines()
    assert best.split()[:4] == ["churn", "best", "-", "2"]
    assert champion.split()[:4] == ["churn", "champion", "6", "7"]
    assert _run(monkeypatch, "models", "diff", "2026-11-08", "2026-11-08T10:00") == 0
    assert "every alias points where it pointed at 2026-11-08 00:00:00Z" in capsys.readouterr().err
    assert _run(monkeypatch, "models", "diff", "monday", "2026-11-08") == 2


def test_the_aliases_of_a_model_are_told_and_every_move_of_one(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "models", "aliases", "churn") == 0
    assert "champion        7  2026-11-09 08:00:00Z" in capsys.readouterr().out
    assert _run(monkeypatch, "models", "aliases", "churn", "--moves", "champion") == 0
    assert "2026-11-09 08:00:00Z       6        7" in capsys.readouterr().out
    assert _run(monkeypatch, "models", "aliases", "late", "--at", "2026-11-09") == 0
    assert "late has no such alias at 2026-11-09 00:00:00Z" in capsys.readouterr().err


def test_an_approval_can_be_given_an_end(deployment, monkeypatch, capsys):
    words = ["models", "approve", "churn", "2", "--reason", "reviewed", "--expires", "2026-11-10"]
    assert _run(monkeypatch, *words) == 0
    assert asked == [{"reason": "reviewed", "expires_at": "2026-11-10T00:00:00+00:00"}]


def test_a_conflict_is_told_with_code_hint_and_exit_code(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "rollback", "churn", "--reason", "too late") == 6
    told = capsys.readouterr()
    assert told.out == ""
    assert "champion of churn: v7 → v6" in told.err
    assert "error: champion is on version 7, not 6  [ALIAS_MOVED]" in told.err
    assert "read the model again, then repeat" in told.err


class _Terminal(io.TextIOWrapper):
    """A terminal of 80 columns, with what is typed at it."""

    def __init__(self, typed: str = "", encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(typed.encode()), encoding=encoding, write_through=True)

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


@pytest.fixture
def on_terminal(monkeypatch):
    """Run the command where it believes to be on a terminal; return its exit code and all it showed."""

    def run(*words: str, typed: str = "", encoding: str = "utf-8", **env: str) -> tuple[int, str]:
        for name in ("NO_COLOR", "CI", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"TERM": "xterm", "COLUMNS": "80", **env}.items():
            monkeypatch.setenv(name, value)
        screen = _Terminal(encoding=encoding)
        for name, stream in (("stdin", _Terminal(typed)), ("stdout", screen), ("stderr", screen)):
            monkeypatch.setattr(sys, name, stream)
        return _run(monkeypatch, *words), screen.shown()

    return run


def _bare(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


def test_a_table_fits_the_terminal_and_loses_no_word_of_a_reason(deployment, on_terminal):
    code, shown = on_terminal("audit", "list", "churn", "--limit", "1")
    lines = _bare(shown).splitlines()
    assert code == 0
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["AT", "ACTOR", "ACTION", "SUBJECT"]
    assert lines[1].startswith("2026-11-01 07:09:08Z  user/operator  RolloutPromoted  object inco")
    assert "…" in lines[1]
    assert " ".join(" ".join(lines[2:]).split()) == ENTRIES[0]["reason"].strip()


def test_a_pipe_gets_whole_lines_without_colour(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "audit", "list", "churn", "--limit", "1") == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["AT", "ACTOR", "ACTION", "SUBJECT", "REASON"]
    assert ENTRIES[0]["subject"] in line
    assert ENTRIES[0]["reason"].strip() in line
    assert "\x1b" not in line


def test_what_is_said_of_a_model_goes_on_under_itself(deployment, on_terminal):
    _, shown = on_terminal("models", "show", "churn", COLUMNS="40")
    lines = shown.splitlines()
    assert lines[1:3] == ["Champion    v7   since 2026-11-09", "            trimtab-dev-churn-v7"]


def test_a_phase_is_a_word_with_a_mark_and_numbers_stand_at_the_right(deployment, on_terminal):
    _, shown = on_terminal("training", "list", "churn")
    assert "✔ successful               12" in _bare(shown)
    assert "✖ failed                    3" in _bare(shown)
    assert "\x1b[32m✔ successful" in shown


def test_what_was_no_reason_to_train_stands_among_the_training_requests(
    deployment, monkeypatch, capsys
):
    assert _run(monkeypatch, "training", "list", "churn", "--limit", "2") == 0
    _, newest, second = capsys.readouterr().out.splitlines()
    assert newest.split()[:6] == ["2026-11-06", "07:00:00Z", "skip", "schedule", "-", "14"]
    assert "4,000 new rows since the last training < 40,000" in newest
    assert second.split()[:5] == ["2026-11-05", "07:00:00Z", "start", "-", "successful"]


@pytest.mark.parametrize(
    ("words", "plan"),
    [
        ([], {"parameters": {}}),
        (["--sweep"], {"variant": "sweep", "parameters": {}}),
        (
            ["--set", "depth=4", "--set", "Seed=7", "--set", "Min-eta=a=b"],
            {
                "purpose": "changed",
                "parameters": {"Hyper-depth": "4", "Seed": "7", "Min-eta": "a=b"},
            },
        ),
        (
            ["--warm-start", "tune-6"],
            {"variant": "sweep-warm", "parameters": {"WarmStartFrom": "tune-6"}},
        ),
        (
            ["--sweep", "--warm-start", "a" * 32],
            {"variant": "sweep-warm", "parameters": {"WarmStartFrom": "tune-7"}},
        ),
    ],
)
def test_a_wish_says_how_its_run_differs(deployment, monkeypatch, capsys, words, plan):
    assert _run(monkeypatch, "training", "request", "churn", "--reason", "new", *words) == 0
    assert asked[-1] == {"reason": "new", "force": False, "plan": plan}
    assert "wait: it is night, until 2026-11-09 06:00:00Z." in capsys.readouterr().err


def test_a_wish_can_insist_and_answers_in_json(deployment, monkeypatch, capsys):
    words = ["training", "request", "churn", "--reason", "new", "--force", "--output", "json"]
    assert _run(monkeypatch, *words) == 0
    assert asked[-1]["force"] is True
    assert json.loads(capsys.readouterr().out)["decision"] == "wait"


def test_a_wish_goes_on_from_the_models_last_sweep(deployment, monkeypatch, capsys):
    wish = ("training", "request", "churn", "--reason", "new", "--warm-start", "last")
    last = {"items": [{**A_RUN, "run_id": "a" * 32}], "next_page_token": None}
    monkeypatch.setitem(SEARCHED, "/v1/runs", last)
    assert _run(monkeypatch, *wish) == 0
    assert asked[-3]["experiment"] == ["churn"]
    plan = {"variant": "sweep-warm", "parameters": {"WarmStartFrom": "tune-7"}}
    assert asked[-1] == {"reason": "new", "force": False, "plan": plan}
    monkeypatch.setitem(SEARCHED, "/v1/runs", {"items": [], "next_page_token": None})
    assert _run(monkeypatch, *wish) == 2
    assert "churn has no sweep that ended; --sweep runs one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "depth"], "'depth' is not NAME=VALUE"),
        (["--set", "=4"], "'=4' is not NAME=VALUE"),
        (["--warm-start", "b" * 32], "is no sweep, and no trial of one"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_before_it_is_sent(
    deployment, monkeypatch, capsys, words, told
):
    before = len(posted)
    assert _run(monkeypatch, "training", "request", "churn", "--reason", "new", *words) == 2
    assert told in capsys.readouterr().err
    assert len(posted) == before


def test_why_nothing_was_trained_is_told_in_one_command(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "training", "why", "churn") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Why        churn was not trained between a and b: 1 cause came.",
        "Under way  request r-1 since 2026-11-09 01:00:00Z",
        "Waits 1    drift waits for budget until 2026-11-10 02:00:00Z: 4 runs",
        "Waits 2    person waits for run: r-1",
        "Budget     0 of 4 runs and 1.5 of 10 instance-hours left, of 7 days",
        "",
        "AT                    CAUSE  OUTCOME  POLICY                  VALUE  LIMIT  REASON",
        "2026-11-09 02:00:00Z  drift  wait     retraining.budget.runs      4      4  4 runs in the last 7 "
        "days >= 4",
    ]
    assert _run(monkeypatch, "training", "why", "late", "--since", "12h", "--at", "2026-11-09") == 0
    assert "Budget  no limit left, of 7 days" in capsys.readouterr().out
    assert _run(monkeypatch, "training", "why", "none", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out)["budget"] is None
    assert _run(monkeypatch, "training", "why", "none") == 0
    assert "Budget" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "env"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})]
)
def test_colours_can_be_switched_off(deployment, on_terminal, words, env):
    code, shown = on_terminal(*words, "training", "list", "churn", **env)
    assert code == 0
    assert "\x1b[3" not in shown
    assert "✔ successful" in shown


def test_a_terminal_without_unicode_is_no_reason_to_fail(deployment, on_terminal):
    code, shown = on_terminal("training", "list", "churn", encoding="ascii")
    assert code == 0
    assert "? successful" in _bare(shown)


def test_the_form_of_an_answer_may_be_named_after_the_verb(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "audit", "list", "churn", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out) == [*ENTRIES, SKIPPED]


def test_an_empty_list_says_how_it_fills(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "rollouts", "list", "churn") == 0
    assert "churn had no rollout yet; a file put under incoming/churn/" in capsys.readouterr().err


def test_a_limit_of_none_is_refused(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "audit", "list", "churn", "--limit", "0") == 2
    assert "0 is not in the range" in capsys.readouterr().err


def test_a_fault_of_ours_is_one_sentence_and_shows_where_on_demand(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "data", "quarantine", "churn") == 1
    told = capsys.readouterr().err
    assert told.startswith("error: KeyError: 'items'  [FAULT]")
    assert "Traceback" not in told
    assert _run(monkeypatch, "--debug", "data", "quarantine", "churn") == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_rollback_shows_what_moves_and_leaves_only_what_it_showed(deployment, on_terminal):
    code, shown = on_terminal("rollback", "churn", "--reason", "late", typed="y\n")
    assert code == 0
    assert "champion of churn: v7 → v6" in shown
    assert "Roll back and block v7? [y/N]" in shown
    assert asked == [{"reason": "late", "from_version": 7}]


def test_a_rollback_that_is_not_confirmed_moves_nothing(deployment, on_terminal):
    code, shown = on_terminal("rollback", "churn", "--reason", "late", typed="n\n")
    assert (code, asked) == (130, [])
    assert "v7 → v6" in shown


def test_a_rollback_in_a_script_asks_nobody_and_may_be_repeated(
    deployment, on_terminal, monkeypatch, capsys
):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert _run(monkeypatch, "rollback", "churn", "--reason", "late") == 0
    assert "Version 6 answers." in capsys.readouterr().err
    assert _run(monkeypatch, "rollback", "churn", "--reason", "late", "--from", "7") == 0
    assert on_terminal("rollback", "churn", "--reason", "late", "--yes")[0] == 0
    assert asked == [{"reason": "late"}, {"reason": "late", "from_version": 7}, {"reason": "late"}]


def test_a_rollback_asks_nobody_who_could_not_read_the_question(deployment, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", _Terminal())
    assert _run(monkeypatch, "rollback", "churn", "--reason", "late") == 0
    assert asked == [{"reason": "late"}]


def test_a_rollback_that_waits_for_an_endpoint_is_not_done(deployment, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert _run(monkeypatch, "rollback", "churn", "--reason", "gone") == 4
    assert "Version 6 is made again.  Next: trimtab models show churn" in capsys.readouterr().err


def test_a_dry_rollback_moves_nothing(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "rollback", "churn", "--reason", "late", "--dry-run") == 0
    assert "v7 → v6" in capsys.readouterr().err
    assert asked == []


@pytest.mark.parametrize(
    ("words", "receipt"),
    [
        (["release", "incoming/late/may.csv"], "r3/release"),
        (["reject", "late/may.csv"], "r3/reject"),
        (["release", "late/may.csv", "--version-id", "v2"], "r2/release"),
        (["release", "late/june.csv"], "r1/release"),
    ],
)
def test_the_newest_open_upload_of_a_key_is_closed(deployment, monkeypatch, capsys, words, receipt):
    assert _run(monkeypatch, "data", *words, "--reason", "fine") == 0
    assert posted[-1] == f"/v1/models/late/quarantine/{receipt}"
    assert "It is closed.  Next: trimtab data" in capsys.readouterr().err


def test_what_is_not_in_quarantine_cannot_be_closed(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "data", "release", "late/july.csv", "--reason", "fine") == 5
    assert "incoming/late/july.csv is not in quarantine" in capsys.readouterr().err


def test_a_dataset_version_is_shown_with_its_batches(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "data", "show", "late", "3") == 0
    told = capsys.readouterr().out
    assert "Dataset  late 3   10 rows   2026-11-05 07:00:00Z" in told
    assert "user/ann" in told


def test_two_dataset_versions_are_compared(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "data", "diff", "late", "2", "3") == 0
    told = capsys.readouterr().out
    assert "Columns  +gate, door string → integer" in told
    assert "distance" in told
    assert "mean 1 → 2" in told


def test_the_files_of_a_version_are_fetched_once_and_compared_with_the_manifest(
    deployment, monkeypatch, capsys, tmp_path
):
    digest = hashlib.sha256(b'"rows"').hexdigest()
    BATCHES[0] |= {"url": f"{deployment}/file", "sha256": digest}
    for _ in range(2):
        assert _run(monkeypatch, "data", "get", "late", "3", "--to", str(tmp_path / "to")) == 0
    (file,) = (tmp_path / "to").iterdir()
    assert file.name.endswith("-2026-may.csv")
    assert file.read_bytes() == b'"rows"'
    BATCHES[0]["sha256"] = "0" * 64
    assert _run(monkeypatch, "data", "get", "late", "3", "--to", str(tmp_path / "to")) == 1
    assert "the manifest says 0000" in capsys.readouterr().err
    assert len(list((tmp_path / "to").iterdir())) == 1


def test_quarantine_is_listed_with_how_it_was_closed(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "data", "quarantine", "late") == 0
    assert "incoming/late/june.csv  released" in capsys.readouterr().out


def test_long_names_lose_their_middle_and_wide_letters_count_double():
    assert output.shortened("incoming/churn/may.csv", 22) == "incoming/churn/may.csv"
    assert output.shortened("incoming/churn/may.csv", 11) == "incom…y.csv"
    assert output.shortened("航班延误数据", 7) == "航…据"


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


def test_an_idea_is_told_with_earlier_ones_like_it(deployment, monkeypatch, capsys):
    words = ["holidays matter", "--model", "churn", "--run", "r1", "--run", "r2"]
    assert _run(monkeypatch, "ideas", "tell", *words) == 0
    assert asked == [{"hypothesis": "holidays matter", "runs": ["r1", "r2"], "model": "churn"}]
    told = capsys.readouterr()
    assert "0.62  20261109T080000-abc  worked" in told.out
    assert "Kept as new; 1 earlier ideas are like it." in told.err


def test_ideas_are_searched_and_shown(deployment, monkeypatch, capsys):
    words = ["--search", "holi days", "--conclusion", "worked", "--limit", "5"]
    assert _run(monkeypatch, "ideas", "list", *words) == 0
    assert "holidays delay flights" in capsys.readouterr().out
    assert _run(monkeypatch, "ideas", "show", IDEA["id"]) == 0
    assert "Conclusion  worked   auc 0.71 > 0.69   user/ann" in capsys.readouterr().out
    assert asked == [
        {"path": "/v1/ideas", "limit": ["5"], "q": ["holi days"], "conclusion": ["worked"]},
        {"path": f"/v1/ideas/{IDEA['id']}"},
    ]


def test_an_idea_is_linked_to_runs_and_concluded(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "ideas", "link", "an/idea", "r1", "r2", "--reason", "why") == 0
    words = ["worked", "--reason", "auc +0.02", "--output", "json"]
    assert _run(monkeypatch, "ideas", "conclude", "an/idea", *words) == 0
    assert asked == [
        {"runs": ["r1", "r2"], "reason": "why"},
        {"conclusion": "worked", "reason": "auc +0.02"},
    ]
    assert json.loads(capsys.readouterr().out) == IDEA


def test_the_best_runs_are_shown_with_the_metric_first(deployment, monkeypatch, capsys):
    words = ["--metric", "auc", "--since", "2026-11-01", "--model", "churn"]
    assert _run(monkeypatch, "runs", "best", *words, "--filter", "params.depth = '5'") == 0
    assert asked == [
        {
            "path": "/v1/runs/best",
            "limit": ["20"],
            "metric": ["auc"],
            "from": ["2026-11-01T00:00:00+00:00"],
            "filter": ["params.depth = '5'"],
            "model": ["churn"],
            "order": ["max"],
        }
    ]
    assert "0.71  r1      swift-owl  churn" in capsys.readouterr().out


def test_runs_are_listed_and_shown_with_their_code(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "runs", "list", "--experiment", "churn") == 0
    assert _run(monkeypatch, "runs", "show", "r1") == 0
    shown = capsys.readouterr().out
    assert "Code        abc123   dirty   train.py" in shown
    assert "params   depth  5" in shown


def test_the_trials_of_a_sweep_are_shown_best_first_with_what_differs(
    deployment, monkeypatch, capsys
):
    trials = {"items": TRIALS, "next_page_token": None}
    monkeypatch.setitem(SEARCHED, "/v1/runs", trials)
    assert _run(monkeypatch, "runs", "trials", "t0") == 0
    assert asked[-1]["filter"] == ["tags.`mlflow.parentRunId` = 's1'"]
    told = capsys.readouterr()
    assert "1 failed, the last one so: AlgorithmError: eta exceeds 1" in told.err
    lines = [line.split() for line in told.out.splitlines()]
    assert lines[0] == "BEST OBJECTIVE DEPTH ETA KIND STATUS RUN ID".split()
    shown = lines[1:]
    assert [line[-1] for line in shown] == ["t2", "t3", "t0", "t1"]
    assert shown[0] == ["yes", "0.7", "2", "0.3235", "a", "FINISHED", "t2"]


def test_two_runs_are_shown_by_what_differs(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "runs", "diff", "r1", "r2") == 0
    shown = capsys.readouterr()
    assert "seed" not in shown.out
    assert "metrics  auc    0.71  0.73       0.02" in shown.out
    assert "code     diff   one   another" in shown.out
    assert "-depth = 5" in shown.out
    assert "what swift-owl differed by from abc123" in shown.err
    assert _run(monkeypatch, "runs", "diff", "r1", "r2", "--all") == 0
    assert "seed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("form", "told"), [([], {"type": "object"}), (["--as", "mlflow"], {"inputs": "[]"})]
)
def test_a_contract_is_told_in_the_words_of_other_tools(
    deployment, monkeypatch, capsys, form, told
):
    assert _run(monkeypatch, "data", "contract", "churn", *form) == 0
    assert json.loads(capsys.readouterr().out) == told


def test_lineage_is_shown_with_what_each_thing_was_made_of(deployment, monkeypatch, capsys):
    assert _run(monkeypatch, "lineage", "show", "dataset:churn/1", "--down") == 0
    assert asked == [{"path": "/v1/lineage", "of": ["dataset:churn/1"], "direction": ["down"]}]
    told = capsys.readouterr()
    assert "version  churn/7  -                     dataset:churn/1  approved: good" in told.out
    assert "there is more than is shown" in told.err
