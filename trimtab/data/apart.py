"""Calls a function in a process of its own, which may be brought down by the file it reads.

The Parquet reader aborts the whole process on some damaged files, and no handler can catch that. Apart, it is only
an answer that does not come; and the process that reads a stranger's file holds no credentials.
"""

import json
import os
import signal
import subprocess
import sys

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
    told = {"path": sys.path, "function": function, "arguments": arguments}
    done = subprocess.run(
        [sys.executable, "-I", "-c", START],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
        env={name: os.environ[name] for name in KEPT if name in os.environ},
    )
    if -done.returncode in BROUGHT_DOWN:
        raise BroughtDown(signal.Signals(-done.returncode).name)
    if done.returncode:
        raise RuntimeError(f"{function} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
