"""Sends what a journal says: in order, and each request under a key by which the server knows it again."""

from typing import Any
from urllib.parse import quote, urlencode

from trimtab.tracking import artifacts
from trimtab.tracking.journal import Journal
from trimtab.tracking.records import BATCHED, MOST_ITEMS, Line, batch, batch_body
from trimtab.tracking.server import MLFLOW, Caller, Refused, call, post

MISSING, EXISTS = "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"


def deliver(journal: Journal, caller: Caller) -> None:
    """Send everything that is not sent yet. Raises Away, or Refused where the run itself is not wanted."""
    most = MOST_ITEMS
    while lines := journal.unsent():
        first = lines[0]
        if first.kind not in BATCHED:
            _single(journal, caller, first)
            continue
        tried = [line for line in lines if line.end <= journal.sent.trying]
        taken = tried or batch(lines, most)
        if _batch(journal, caller, taken):
            most = min(most * 2, MOST_ITEMS)
        else:
            most = max(
                len(taken) // 2, 1
            )  # one of them is wrong: the others shall not be lost for it


def _batch(journal: Journal, caller: Caller, lines: list[Line]) -> bool:
    """Send lines as one request; False if the server refused several of which one may be wrong."""
    end = lines[-1].end
    journal.try_up_to(end)
    try:
        body = batch_body(journal.sent.run_id, lines)
        post(caller, "runs/log-batch", body, key=f"{journal.id}:{end}")
    except Refused as refused:
        if len(lines) > 1:
            journal.try_up_to(0)
            return False
        journal.refuse(lines[0], str(refused))
    journal.advance(end)
    return True


def _single(journal: Journal, caller: Caller, line: Line) -> None:
    match line.kind:
        case "start":
            journal.advance(line.end, **_start(journal, caller, line))
        case "resume":
            journal.advance(line.end, **_resume(journal, caller, line))
        case _:
            try:
                _end(journal, caller, line) if line.kind == "end" else _file(journal, caller, line)
            except Refused as refused:
                journal.refuse(line, str(refused))
            journal.advance(line.end, ended=line.kind == "end")


def _start(journal: Journal, caller: Caller, line: Line) -> dict[str, Any]:
    said = line.record
    body = {
        "experiment_id": _experiment(caller, said["experiment"]),
        "start_time": said["at"],
        "user_id": said["user"],
        "run_name": said["name"],
        "tags": [],
    }
    return _known(post(caller, "runs/create", body, key=f"{journal.id}:{line.end}"))


def _resume(journal: Journal, caller: Caller, line: Line) -> dict[str, Any]:
    body = {"run_id": line.record["run_id"], "status": "RUNNING"}
    post(caller, "runs/update", body, key=f"{journal.id}:{line.end}")
    path = f"{MLFLOW}runs/get?{urlencode({'run_id': line.record['run_id']})}"
    return _known(call(caller, "GET", path))


def _known(answer: Any) -> dict[str, Any]:
    info = answer["run"]["info"]
    return {"run_id": info["run_id"], "artifact_uri": info.get("artifact_uri", "")}


def _end(journal: Journal, caller: Caller, line: Line) -> None:
    said = line.record
    body = {"run_id": journal.sent.run_id, "status": said["status"], "end_time": said["at"]}
    post(caller, "runs/update", body, key=f"{journal.id}:{line.end}")


def _file(journal: Journal, caller: Caller, line: Line) -> None:
    kept = journal.kept(line.record["kept"])
    artifacts.upload(caller, journal.sent.artifact_uri, line.record["path"], kept)
    kept.unlink(missing_ok=True)


def _experiment(caller: Caller, name: str) -> str:
    """Return the id of the experiment of this name, which is made if there is none."""
    try:
        return _named(caller, name)
    except Refused as refused:
        if refused.code != MISSING:
            raise
    try:
        return str(post(caller, "experiments/create", {"name": name})["experiment_id"])
    except Refused as refused:
        if refused.code != EXISTS:
            raise
    return _named(caller, name)  # another run made it meanwhile


def _named(caller: Caller, name: str) -> str:
    path = (
        f"{MLFLOW}experiments/get-by-name?{urlencode({'experiment_name': name}, quote_via=quote)}"
    )
    return str(call(caller, "GET", path)["experiment"]["experiment_id"])
