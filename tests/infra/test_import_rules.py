"""Each import rule of pyproject.toml holds, and fails when it is broken."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("trimtab", "functions", "infra", "pipelines", "local")
CONTRACTS = {
    each["id"]: each["name"]
    for each in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}
BREACHES = {
    # contract: a module, and the import that it must not have
    "functions-independent": ("functions/roll_back/planted.py", "functions.inference_api.handler"),
    "domain-pure": ("trimtab/domain/planted.py", "trimtab.aws.keys"),
    "local-is-a-leaf": ("trimtab/cli/planted.py", "local.clock"),
    "runs-in-aws": ("functions/roll_back/planted.py", "infra.settings"),
    "infra-knows-little": ("infra/planted.py", "trimtab.aws.table"),
    "ministack-behind-one-door": ("local/planted.py", "ministack.app"),
    "arrow-behind-one-door": ("functions/roll_back/planted.py", "arro3.core"),
}


def broken(tree: Path) -> set[str]:
    """Return the names of the contracts that import-linter finds broken in a tree."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(
        command,
        cwd=tree,
        env={"PYTHONPATH": str(tree), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert any(line.startswith("Contracts:") for line in lines), done.stdout + done.stderr
    found = {line.partition(" BROKEN")[0] for line in lines if " BROKEN" in line}
    assert done.returncode == int(bool(found))
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages and their rules."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    return tmp_path


def test_there_is_a_breach_for_each_contract() -> None:
    assert set(BREACHES) == set(CONTRACTS)


def test_the_tree_keeps_every_contract_and_each_breach_is_found(tree: Path) -> None:
    assert broken(tree) == set()
    for module, imported in BREACHES.values():
        with (tree / module).open("a") as file:
            file.write(f"import {imported}\n")
    assert broken(tree) == set(CONTRACTS.values())
