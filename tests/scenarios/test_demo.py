"""The README's block, run as it stands there: what a newcomer sees first."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text().splitlines()
FACTS = ROOT / "build" / "demo.json"
PROMISES = 25
pytestmark = pytest.mark.timeout(1200)  # a year: nine versions are made, seven take over


@dataclass(frozen=True)
class Demo:
    """How a demo ended, what it printed, and the facts it left, read before another demo can replace them."""

    returncode: int
    stdout: str
    stderr: str
    promises: list[dict[str, Any]]


@pytest.fixture(scope="module")
def block() -> list[str]:
    """The commands of the README's first block, without their comments."""
    opens, closes = [at for at, line in enumerate(README) if line == "```"][:2]
    assert closes < 25, "the first command stands on the first screen"
    return [line.partition("#")[0].strip() for line in README[opens + 1 : closes]]


@pytest.fixture(scope="module")
def demo(block: list[str], tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """`make demo`, run as in CI: nobody at a terminal."""
    FACTS.unlink(missing_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    env["TMPDIR"] = str(tmp_path_factory.mktemp("scratch"))
    ended = subprocess.run(
        block[0].split(), cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    promises = json.loads(FACTS.read_text())["promises"] if FACTS.exists() else []
    return Demo(ended.returncode, ended.stdout, ended.stderr, promises)


def test_the_block_is_the_demo_and_these_tests(block: list[str]):
    assert block == ["make demo", "make test"]


def test_the_demo_keeps_every_promise(demo: Demo):
    assert demo.returncode == 0, demo.stdout + demo.stderr
    promises = demo.promises
    assert [one["name"] for one in promises if not one["kept"]] == []
    assert len(promises) == PROMISES
    for one in promises:
        assert set(one) == {"name", "kept", "evidence", "seconds"}
        assert re.search(r"\d", one["evidence"]), f"no number shows that {one['name']!r}"


def test_the_demo_prints_plain_lines_where_nobody_watches(demo: Demo):
    assert "\x1b" not in demo.stdout
    for one in demo.promises:
        assert one["name"] in demo.stdout
        for line in one["evidence"].splitlines():
            assert line in demo.stdout
    assert f"{PROMISES} of {PROMISES} promises kept" in demo.stdout
    assert "make demo KEEP=1" in demo.stdout


def test_the_demo_leaves_no_process_and_no_temporary_file(demo: Demo):
    endpoint = re.search(r"http://127\.0\.0\.1:(\d+)", demo.stdout)
    assert endpoint
    assert not (ROOT / ".trimtab" / f"local-{endpoint[1]}.json").exists()
    assert _processes_that_name(endpoint[1]) == []


def _processes_that_name(port: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"127.0.0.1:{port}".encode() in words:
            found.append(folder.name)
    return found
