"""Tracking that cannot end training: what a run says is kept on disk at once, then sent in order, once.

from trimtab import tracking

with tracking.start_run("flight-delays", name="wider trees") as run:
    run.log_params({"depth": 6})
    run.log_metrics({"auc": 0.71}, step=3)
    run.log_artifact("model.pkl")
"""

import atexit
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimtab.client.connection import URL_VARIABLE, home
from trimtab.tracking.code import DIFF, code_version
from trimtab.tracking.deployment import Deployment
from trimtab.tracking.journal import Journal
from trimtab.tracking.records import Record
from trimtab.tracking.run import Run, first_record
from trimtab.tracking.sender import Sender

__all__ = ["Run", "resume_run", "spool_folder", "start_run"]

SPOOL_VARIABLE = "TRIMTAB_SPOOL"  # folder in which runs are kept until they are sent
logger = logging.getLogger("trimtab.tracking")
_senders: dict[
    tuple[Path, int], Sender
] = {}  # by spool and process: a forked process has no thread
_runs: list[Run] = []


def start_run(
    experiment: str = "Default",
    *,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    api_url: str | None = None,
) -> Run:
    """Begin a run and return at once, whether the API is there or not.

    Args:
        experiment: Name of the experiment; it is made if there is none.
        name: Name of the run; the server makes one up otherwise.
        params: What the run trains with.
        tags: Anything else to know it by.
        api_url: The deployment (stack output ApiUrl); TRIMTAB_API_URL or the local cloud that runs here otherwise.
    """
    run = _begin(first_record(experiment, name), api_url)
    _tell_code(run)
    if params:
        run.log_params(params)
    if tags:
        run.set_tags(tags)
    return run


def resume_run(run_id: str, *, api_url: str | None = None) -> Run:
    """Go on with a run that the server knows, from another process or after an interruption."""
    return _begin({"kind": "resume", "run_id": run_id}, api_url)


def spool_folder() -> Path:
    """Return the folder in which runs are kept until they are sent."""
    named = os.environ.get(SPOOL_VARIABLE)
    return (Path(named) if named else home() / "spool").absolute()


def _begin(first: Record, api_url: str | None) -> Run:
    deployment = api_url or os.environ.get(URL_VARIABLE)
    for spool in (spool_folder(), Path(tempfile.gettempdir()) / "trimtab-spool"):
        try:
            journal = Journal.create(spool, first, deployment)
        except OSError as error:
            logger.warning("runs cannot be kept in %s: %s", spool, error)
            continue
        run = Run(journal, _sender(spool))
        _runs.append(run)
        return run
    return Run(None, _sender(spool_folder()))


def _sender(spool: Path) -> Sender:
    key = (spool, os.getpid())
    if key not in _senders:
        _senders[key] = Sender(spool, Deployment)
    return _senders[key]


def _tell_code(run: Run) -> None:
    try:
        code = code_version()
        if code is None:
            return
        run.set_tags(code.tags())
        if code.diff:
            run.log_text(code.diff, DIFF)
    except Exception as error:
        logger.warning("the code's version is not tracked: %s", error)


@atexit.register
def _end_all() -> None:
    """End the runs that nobody ended: as failed where the process ends by an error."""
    status = "FAILED" if getattr(sys, "last_value", None) is not None else "FINISHED"
    for run in _runs:
        run.end(status)
