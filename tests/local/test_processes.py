"""Nothing that a local cloud starts outlives it, and nothing that it writes to scratch stays."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.processes import Children
from trimtab.errors import Fault

PLAIN = {"PATH": os.environ["PATH"]}

NAP = str(1_000_000 + os.getpid())  # seconds that nobody else on this machine sleeps
OWNER = """
import sys, time
from pathlib import Path
from local.processes import Children

children = Children(Path(sys.argv[1]))
for _ in range(3):
    children.spawn(
        ["sh", "-c", "trap '' TERM HUP; sleep NAP & sleep NAP; :"],
        env={"PATH": sys.argv[2]},
        cwd=children.scratch,
    )
(children.scratch / "file").write_text("x")
(children.scratch / "locked").mkdir(mode=0o500)
print("ready", flush=True)
while True:
    children.spawn(["sleep", "NAP"], env={"PATH": sys.argv[2]}, cwd="/")
    time.sleep(float(sys.argv[3]))
""".replace("NAP", NAP)


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    with Children(tmp_path) as children:
        yield children


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait for a condition of another process, which can send no event."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


def start_owner(root: Path, pause: float = 600.0) -> subprocess.Popen[str]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root), os.environ["PATH"], str(pause)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    with owner.stdout as answers:
        assert answers.readline() == "ready\n"
    return owner


def descendants(pid: int) -> set[int]:
    """Return every process below this one."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = [tuple(map(int, line.split())) for line in table.stdout.splitlines()]
    found: set[int] = set()
    level = {pid}
    while level := {child for child, parent in parents if parent in level}:
        found |= level
    return found


def running(pids: set[int]) -> set[int]:
    """Return those that run (a zombie waits for its parent only)."""
    table = subprocess.run(["ps", "-eo", "pid=,stat="], capture_output=True, text=True, check=True)
    states = dict(line.split() for line in table.stdout.splitlines())
    return {pid for pid in pids if not states.get(str(pid), "Z").startswith("Z")}


def all_gone(pids: set[int]) -> bool:
    return not running(pids)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_child_and_no_file_outlives_an_owner_ended_by_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    owner = start_owner(tmp_path)
    # Three shells with two children each, one sleep, the reaper.
    assert eventually(lambda: len(descendants(owner.pid)) == 11)
    below = descendants(owner.pid)

    owner.send_signal(number)
    owner.wait(30)

    assert eventually(lambda: not running(below)), running(below)
    assert list(tmp_path.iterdir()) == []


def test_no_child_outlives_an_owner_whose_scratch_directory_was_tidied_away(tmp_path: Path) -> None:
    owner = start_owner(tmp_path)
    below = descendants(owner.pid)
    for scratch in tmp_path.iterdir():
        scratch.rename(tmp_path.with_name("tidied"))

    owner.kill()
    owner.wait()

    assert eventually(functools.partial(all_gone, below))


def test_kill_while_children_are_being_started_leaves_none(tmp_path: Path) -> None:
    for _ in range(5):
        owner = start_owner(tmp_path, pause=0.0)
        below = descendants(owner.pid)
        owner.kill()
        owner.wait()
        assert eventually(lambda: not list(tmp_path.iterdir()))
        assert eventually(functools.partial(all_gone, below))
    sleepers = subprocess.run(
        ["ps", "-eo", "ppid=,args="], capture_output=True, text=True, check=True
    )
    assert not [line for line in sleepers.stdout.splitlines() if line.split()[1:] == ["sleep", NAP]]


def test_a_child_gets_exactly_the_environment_given(children: Children) -> None:
    given = {"PATH": os.environ["PATH"], "SM_HP_max-depth": "3", "SPACED": "a b\nc"}

    process = children.spawn(
        [sys.executable, "-I", "-c", "import json, os; print(json.dumps(dict(os.environ)))"],
        env=given,
        cwd="/",
        stdout=subprocess.PIPE,
    )
    answer, _ = process.communicate()

    environment = json.loads(answer)
    environment.pop("LC_CTYPE", None)  # set by Python itself in the C locale
    assert environment == given


def test_terminate_asks_first_and_then_kills_the_whole_group(children: Children) -> None:
    stubborn = children.spawn(
        ["sh", "-c", f"trap '' TERM; sleep {NAP}; sleep {NAP}"], env=PLAIN, cwd="/"
    )
    polite = children.spawn(["sleep", NAP], env=PLAIN, cwd="/")

    assert eventually(lambda: len(descendants(stubborn.pid)) == 1)
    below = descendants(stubborn.pid)
    children.terminate(polite, grace=10)
    assert polite.returncode == -signal.SIGTERM
    children.terminate(stubborn, grace=0.1)
    assert stubborn.returncode is not None
    assert eventually(lambda: not running(below))


def test_a_command_that_does_not_exist_is_refused_at_once(children: Children) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-command"):
        children.spawn(["no-such-command"], env=PLAIN, cwd="/")


def test_a_closed_owner_starts_nothing_more(tmp_path: Path) -> None:
    children = Children(tmp_path)
    children.close()
    children.close()

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Fault, match="closing"):
        children.spawn(["true"], env=PLAIN, cwd="/")
