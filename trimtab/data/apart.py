"""Calls a function in a process of its own, which may be brought down by the file it reads.

The Parquet reader aborts the whole process on some damaged files, and no handler can catch that. Apart, it is only
an answer that does not come. Where it is safe the process is a fork, which has everything imported already; otherwise
another interpreter is started.
"""

import faulthandler
import importlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

START = """
import importlib, json, sys
told = json.load(sys.stdin)
sys.path[:] = told["path"]
module, name = told["function"].split(":")
sys.stdout.write(getattr(importlib.import_module(module), name)(*told["arguments"]))
"""
KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "TZ")  # what an interpreter may need to start
BROUGHT_DOWN = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)


class BroughtDown(Exception):
    """The process did not survive what it read."""


def call_apart(function: str, *arguments: str) -> str:
    """Call `module:name` with the arguments and return its answer. Raises BroughtDown if its process crashed."""
    call = _forked if may_fork() else _started
    code, answer, failure = call(function, arguments)
    if -code in BROUGHT_DOWN:
        raise BroughtDown(signal.Signals(-code).name)
    if code:
        raise RuntimeError(f"{function} ended with {code}: {failure[-2000:]}")
    return answer


def may_fork() -> bool:
    """Whether a fork is safe: another thread may hold a lock, which nobody would release in the fork."""
    return sys.platform == "linux" and threading.active_count() == 1


def _forked(function: str, arguments: tuple[str, ...]) -> tuple[int, str, str]:
    """Call it in a copy of this process; return its exit code, and its answer or why there is none."""
    module, name = function.split(":")
    called = getattr(importlib.import_module(module), name)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer_and_end(writing, lambda: called(*arguments))
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        told = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, told, told


def _answer_and_end(writing: int, call: Callable[[], str]) -> NoReturn:
    """Write the answer, or the trace of what failed, and end without the clearing up that is the parent's."""
    code = 1
    try:
        faulthandler.disable()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the reader tells there what brings it down
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            try:
                pipe.write(call())
                pipe.flush()
                code = 0
            except BaseException:
                pipe.write(traceback.format_exc())
    finally:
        os._exit(code)


def _started(function: str, arguments: tuple[str, ...]) -> tuple[int, str, str]:
    """Call it in an interpreter of its own; return its exit code, its answer, and what it wrote on errors."""
    import subprocess  # noqa: PLC0415 (not needed where there are forks)

    told = {"path": sys.path, "function": function, "arguments": arguments}
    done = subprocess.run(
        [sys.executable, "-I", "-c", START],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
        env={name: os.environ[name] for name in KEPT if name in os.environ},
    )
    return done.returncode, done.stdout, done.stderr
