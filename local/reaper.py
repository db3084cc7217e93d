"""Ends what a local cloud started, however the cloud itself ends.

Run as a script by `local.processes`, beside the cloud, on the standard library alone. It makes the
scratch directory and in it a named pipe, where every child writes its process group before it
becomes the command it was started for. The cloud holds the other end of this process's standard
input and never writes to it: end of file means that the cloud is gone, be it by `close`, by a
signal or by `kill -9`. Then every group is killed and the directory removed.
"""

import contextlib
import os
import select
import shutil
import signal
import sys
import tempfile

PRUNE_SECONDS = 1.0  # a group's number can be taken again once the group is empty: look this often


def alive(group: int) -> bool:
    """Tell whether the process group has a member left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS answers so for a group of zombies
        return True
    return True


def take(door: int, groups: set[int]) -> bool:
    """Add the groups written to the door; False if no child has it open any more."""
    while True:
        try:
            written = os.read(door, 4096)
        except BlockingIOError:
            return True
        if not written:
            return False
        groups.update(int(number) for number in written.split())


def watch(door: int, groups: set[int]) -> None:
    """Collect groups until the cloud is gone."""
    while True:
        pause = PRUNE_SECONDS if groups else None
        ready, _, _ = select.select([sys.stdin.fileno(), door], [], [], pause)
        take(door, groups)
        if sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 4096):
            return
        groups.intersection_update([group for group in groups if alive(group)])


def remove(directory: str) -> None:
    """Remove the directory with all that is in it, write-protected or not."""
    shutil.rmtree(directory, ignore_errors=True)
    if os.path.exists(directory):  # noqa: PTH110 (pathlib costs the start of this process 10 ms)
        for folder, _, _ in os.walk(directory):
            os.chmod(folder, 0o700)  # noqa: PTH101
        shutil.rmtree(directory, ignore_errors=True)


def main() -> None:
    """Make the scratch directory, tell its path, wait for the end and clear up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    scratch = tempfile.mkdtemp(prefix="trimtab-", dir=sys.argv[1] or None)
    door_path = scratch + "/door"
    os.mkfifo(door_path, 0o600)
    door = os.open(door_path, os.O_RDONLY | os.O_NONBLOCK)
    held = os.open(door_path, os.O_WRONLY)  # while this is open the door never reads as ended
    sys.stdout.write(scratch + "\n")
    sys.stdout.close()
    groups: set[int] = set()
    watch(door, groups)

    # Whoever has not opened the door by now finds none and gives up; whoever has will write, so the
    # door is read until the last of them has closed it.
    gone = scratch + ".gone"
    with contextlib.suppress(FileNotFoundError):  # somebody tidied the temporary directory
        os.rename(scratch, gone)  # noqa: PTH104
    os.close(held)
    while take(door, groups):
        select.select([door], [], [], 0.01)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    remove(gone)


if __name__ == "__main__":
    main()
