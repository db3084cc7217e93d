"""What the tree promises: one function, one folder, one construct, one test; and a domain that knows no AWS."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAIN = sorted((ROOT / "trimtab" / "domain").glob("**/*.py"))
DOMAIN_MAY_IMPORT = {"numpy", "pydantic", "pydantic_core", "annotated_types", "typing_extensions"}
OURS_IN_DOMAIN = ("trimtab.domain", "trimtab.errors")
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def functions(root: Path) -> set[str]:
    """Folders of functions/ that are a Lambda: those with a handler."""
    return {path.parent.name for path in (root / "functions").glob("*/handler.py")}


def broken_mirrors(root: Path) -> list[str]:
    """Say what is missing so that functions, constructs and tests mirror each other by name."""
    handlers = functions(root)
    folders = {path.name for path in (root / "functions").iterdir() if path.is_dir()} - {
        "__pycache__"
    }
    constructs = {
        path.stem
        for path in (root / "infra" / "constructs" / "functions").glob("*.py")
        if path.stem != "__init__"
    }
    tests = {
        path.stem.removeprefix("test_") for path in (root / "tests" / "functions").glob("test_*.py")
    }
    return [
        *(f"functions/{name}/ has no handler.py" for name in sorted(folders - handlers)),
        *(
            f"infra/constructs/functions/{name}.py is missing"
            for name in sorted(handlers - constructs)
        ),
        *(f"functions/{name}/handler.py is missing" for name in sorted(constructs - handlers)),
        *(f"tests/functions/test_{name}.py is missing" for name in sorted(handlers - tests)),
    ]


def imports(path: Path) -> Iterator[str]:
    """Yield the modules a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def may_be_imported(module: str) -> bool:
    """Say whether the domain may import the module."""
    top = module.partition(".")[0]
    ours = any(module == each or module.startswith(f"{each}.") for each in OURS_IN_DOMAIN)
    return ours or top in DOMAIN_MAY_IMPORT or top in sys.stdlib_module_names


def test_functions_constructs_and_tests_mirror_each_other() -> None:
    assert broken_mirrors(ROOT) == []


def test_a_missing_mirror_is_named(tmp_path: Path) -> None:
    for path in (
        "functions/one/handler.py",
        "functions/two/schema.py",
        "infra/constructs/functions/three.py",
        "tests/functions/test_one.py",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert broken_mirrors(tmp_path) == [
        "functions/two/ has no handler.py",
        "infra/constructs/functions/one.py is missing",
        "functions/three/handler.py is missing",
    ]


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_the_domain_imports_the_standard_library_numpy_and_pydantic_only(path: Path) -> None:
    assert [module for module in imports(path) if not may_be_imported(module)] == []


@pytest.mark.parametrize("module", ["boto3", "trimtab.aws.table", "trimtab", "requests", "."])
def test_the_domain_may_not_import_anything_else(module: str) -> None:
    assert not may_be_imported(module)


def test_the_domain_reads_neither_clock_nor_environment_nor_disk() -> None:
    impure = {
        "os",
        "time",
        "random",
        "secrets",
        "uuid",
        "pathlib",
        "io",
        "socket",
        "subprocess",
        "tempfile",
    }
    found = {path.name: sorted(set(imports(path)) & impure) for path in DOMAIN}
    assert {name: modules for name, modules in found.items() if modules} == {}


def test_nothing_is_called_by_a_name_that_says_nothing() -> None:
    folders = ("trimtab", "functions", "infra", "pipelines", "local", "tests", "benchmarks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in paths if VAGUE & set(path.with_suffix("").parts[-2:])] == []
