"""A table and a bucket on moto, and processes that keep runs in them: each believes what it has seen itself."""

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from tests.aws_on_moto import make_table, renew_session
from trimtab.aws import keys
from trimtab.aws.beliefs import Beliefs
from trimtab.aws.table import Put, Table, Write
from trimtab.aws.tracking.experiments import Experiments
from trimtab.aws.tracking.histories import Histories
from trimtab.aws.tracking.run_bodies import RunBodies
from trimtab.aws.tracking.run_entries import birth_entries, entry_changes, with_entries
from trimtab.aws.tracking.run_finder import RunFinder
from trimtab.aws.tracking.runs import Runs
from trimtab.domain.tracking.runs import Run

TABLE, BUCKET, REGION = "trimtab-dev", "trimtab-dev-data", "us-east-1"


class OneAtATime:
    """A client whose calls each are done before the next begins, as DynamoDB's are on one item.

    moto undoes a refused transaction by putting back all that was, which another thread may have changed meanwhile.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not inspect.ismethod(found):
            return found

        def call(**request: Any) -> Any:
            with self._lock:
                return found(**request)

        return call


class Process:
    """What one process of registry_api works with."""

    def __init__(self, dynamodb: Any, s3: Any) -> None:
        self.table = Table(dynamodb, TABLE)
        self.beliefs = Beliefs(self.table)
        self.bodies = RunBodies(lambda: s3, BUCKET)
        self.runs = Runs(self.table, self.beliefs, self.bodies)
        self.finder = RunFinder(self.table, self.runs)
        self.histories = Histories(self.table)
        self.experiments = Experiments(
            self.table, self.beliefs, artifacts_uri=f"s3://{BUCKET}/artifacts", now_ms=lambda: 1
        )


class World:
    """The deployment, and every call that was made to DynamoDB."""

    def __init__(self) -> None:
        self.dynamodb: Any = OneAtATime(boto3.client("dynamodb"))
        self.s3 = boto3.client("s3")
        self.calls: list[str] = []
        self.dynamodb.meta.events.register("before-call.dynamodb", self._called)

    def process(self) -> Process:
        """Return a process that has seen nothing yet."""
        return Process(self.dynamodb, self.s3)

    def reset(self) -> None:
        """Empty the table."""
        dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE].items.clear()
        self.calls.clear()

    def counted(self, work: Callable[[], Any]) -> list[str]:
        """Return the calls to DynamoDB that some work makes."""
        self.calls.clear()
        work()
        return list(self.calls)

    def _called(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)


def new_run(run_id: str = "r1", start_ms: int = 1000, experiment_id: str = "0") -> Run:
    """A run that begins."""
    return Run(run_id, experiment_id, run_id, "ana", start_ms, f"s3://b/{run_id}/artifacts")


def keep(process: Process, *runs: Run) -> None:
    """Keep runs as they are, with the entries that they have by then, in few calls."""
    writes: list[Write] = []
    for run in runs:
        begun = replace(run, status="RUNNING", metrics={}, is_indexed=False)
        ended = with_entries(begun, run)
        found = {
            (one.pk, one.sk): one for one in (*birth_entries(begun), *entry_changes(begun, ended))
        }
        body = process.bodies.body(ended)
        writes += [Put(keys.run(run.id), keys.RUN, body)]
        writes += [one for one in found.values() if isinstance(one, Put)]
    for start in range(0, len(writes), 100):
        process.table.commit(*writes[start : start + 100])


def at_once(*works: Callable[[], Any]) -> list[BaseException]:
    """Do all works at the same time; return what went wrong."""
    together, wrong = threading.Barrier(len(works)), []

    def do(work: Callable[[], Any]) -> None:
        together.wait()
        try:
            work()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=do, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@contextmanager
def world() -> Iterator[World]:
    """Bring up an empty table and an empty bucket."""
    with mock_aws():
        renew_session()
        make_table(TABLE)
        made = World()
        made.s3.create_bucket(Bucket=BUCKET)
        yield made
    boto3.DEFAULT_SESSION = None
