"""The registry beside `mlflow server` on SQLite: the same work, in turns, by three ways.

1. `handler on DynamoDB`: registry_api in this process on the local cloud's DynamoDB, `mlflow server` by raw HTTP.
2. `handler alone`: the same, without what DynamoDB takes, beside MLflow's own handlers without what SQLite takes.
3. `client over HTTP`: the unmodified MLflow client on the local cloud's API, beside the same on `mlflow server`.
"""

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.frame import Options, Row, Times, run
from benchmarks.tracking import mlflow_server
from benchmarks.tracking.our_handlers import DatabaseTime, Handler, settle_in
from benchmarks.tracking.raw_http import RawHttp
from benchmarks.tracking.turns import Elsewhere, Here, Party
from benchmarks.tracking.work import Work
from local.cloud import LocalCloud

SAID = {
    "run": "create run, log 10 params and 10 metrics, end it",
    "register": "create a model version",
    "set_alias": "set an alias",
    "by_alias": "model version by alias",
    "search": "search by a metric, best 50 of {runs:,} runs",
}
TARGETS = {"run": 4.0, "set_alias": 8.0, "by_alias": 3.0}
SEARCH_TARGET = {10_000: 5.0}
OPERATIONS = ("run", "register", "set_alias", "by_alias", "search")
DEARER = {"search": 5}  # how many fewer repeats an operation gets


@dataclass
class Parties:
    """Everybody who does the work."""

    ours: Here
    database: DatabaseTime
    our_work: Work
    theirs: Here
    their_handlers: Elsewhere
    clients: Mapping[str, Elsewhere]
    their_experiments: list[tuple[Path, str]] = field(
        default_factory=list
    )  # folder and a run to copy


def measure(options: Options) -> Iterator[Row]:
    """Yield the rows of all operations at each number of runs."""
    peer = f"mlflow {mlflow_server.version()}, SQLite"
    sizes = options.runs or ([1000, 10_000])
    repeats = 30 if options.quick else 200
    with contextlib.ExitStack() as stack:
        parties = _gather(stack)
        for operation in OPERATIONS[:-1]:
            yield from _rows(parties, operation, repeats, peer, SAID[operation], TARGETS)
        for place, size in enumerate(sizes):
            _fill(parties, sizes[place - 1] if place else 0, size)
            said, target = SAID["search"].format(runs=size), {"search": SEARCH_TARGET.get(size)}
            yield from _rows(
                parties, "search", max(repeats // DEARER["search"], 5), peer, said, target
            )


def _gather(stack: contextlib.ExitStack) -> Parties:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    alone = folder / "alone"
    alone.mkdir()
    url = stack.enter_context(mlflow_server.mlflow_server(folder))
    cloud = stack.enter_context(LocalCloud.start())
    settle_in(cloud)
    database = DatabaseTime()
    our_work, their_work = Work(Handler()), Work(RawHttp(url))
    theirs_alone = _elsewhere(stack, "mlflow_handlers", [str(alone)], {})
    theirs_alone.order("prepare_model", 1)
    our_work.prepare_model()
    their_work.prepare_model()
    signed = {
        "MLFLOW_TRACKING_AWS_SIGV4": "true",
        "AWS_ACCESS_KEY_ID": cloud.connection.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.connection.secret_access_key,
        "AWS_DEFAULT_REGION": cloud.connection.region,
    }
    api = [cloud.connection.api_url, our_work.experiment_id]
    clients = {
        "ours": _elsewhere(stack, "mlflow_client", api, signed),
        "theirs": _elsewhere(stack, "mlflow_client", [url, their_work.experiment_id], {}),
    }
    parties = Parties(
        Here(_operations(our_work)),
        database,
        our_work,
        Here(_operations(their_work)),
        theirs_alone,
        clients,
    )
    parties.their_experiments = [
        (folder, their_work.run()),
        (alone, str(theirs_alone.order("run", 1)["answers"][0])),
    ]
    return parties


def _elsewhere(
    stack: contextlib.ExitStack, module: str, arguments: list[str], env: Mapping[str, str]
) -> Elsewhere:
    party = Elsewhere(
        mlflow_server.BIN / "python",
        f"benchmarks.tracking.{module}",
        arguments,
        {**mlflow_server.environment(), **env},
    )
    stack.callback(party.close)
    return party


def _operations(work: Work) -> dict:
    return {name: getattr(work, name) for name in OPERATIONS}


def _fill(parties: Parties, present: int, size: int) -> None:
    """Bring every experiment to `size` runs."""
    from benchmarks.tracking.our_runs import clone_runs  # noqa: PLC0415 (reads the environment)

    clone_runs(parties.our_work.run(), range(present, size))
    for folder, run_id in parties.their_experiments:
        mlflow_server.clone_runs(folder, run_id, size)


def _rows(
    parties: Parties,
    operation: str,
    repeats: int,
    peer: str,
    said: str,
    targets: Mapping[str, float | None],
) -> Iterator[Row]:
    ours, own, theirs, their_own = [], [], [], []
    clients: dict[str, list[float]] = {name: [] for name in parties.clients}
    chunk = max(repeats // 10, 1)
    everybody: list[Party] = [parties.ours, parties.theirs, parties.their_handlers]
    for party in (*everybody, *parties.clients.values()):
        party.seconds(operation, 2)  # warm
    for _ in range(0, repeats, chunk):
        for _ in range(chunk):
            waited = parties.database.seconds
            taken = parties.ours.seconds(operation, 1)[0]
            ours.append(taken)
            own.append(taken - (parties.database.seconds - waited))
        theirs += parties.theirs.seconds(operation, chunk)
        alone = parties.their_handlers.order(operation, chunk)
        their_own += [s - d for s, d in zip(alone["seconds"], alone["database"], strict=True)]
        for name, client in parties.clients.items():
            clients[name] += client.seconds(operation, chunk)
    yield _row(said, "handler on DynamoDB", ours, peer, theirs, targets.get(operation))
    yield _row(said, "handler alone", own, peer, their_own, 1.0)
    yield _row(said, "client over HTTP", clients["ours"], peer, clients["theirs"], None)


def _row(
    said: str, way: str, ours: list[float], peer: str, theirs: list[float], target: float | None
) -> Row:
    mine, other = Times(ours), Times(theirs)
    detail = {**mine.facts("ours"), **other.facts("theirs")}
    return Row(f"{said}: {way}", mine.p50, peer, other.p50, target, detail=detail)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, nargs="+", help="numbers of runs that are searched")


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    raise SystemExit(run("registry", measure, str(__doc__), _arguments))
