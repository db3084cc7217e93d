"""The docs say what the code says: pages are up to date, and every command shown can be typed."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from trimtab.cli.main import trimtab

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "functions", "infra", "local", "pipelines", "tests", "trimtab", "benchmarks")
SHOWN = sorted(ROOT.glob("*.md")) + [
    file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.md"))
]


def _pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


def test_every_generated_page_is_what_the_code_says_now():
    stale = [
        name
        for name, text in _pages().items()
        if not (ROOT / "docs" / name).is_file() or (ROOT / "docs" / name).read_text() != text
    ]
    assert stale == [], "run `make docs`"


def test_no_generated_page_is_left_of_something_that_is_gone():
    schemas = {f"events/{file.name}" for file in (ROOT / "docs" / "events").glob("*.json")}
    assert schemas <= set(_pages())


def test_every_field_and_setting_says_what_it_means():
    for name in ("model-yaml.md", "settings.md", "anomalies.md"):
        rows = [line for line in _pages()[name].splitlines() if line.startswith("| `")]
        assert rows
        unsaid = [row for row in rows if row.rstrip().endswith("|  |")]
        assert unsaid == []


def _leaves(command: click.Command, path: str = "trimtab") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name in command.list_commands(click.Context(command)):
        child = command.get_command(click.Context(command), name)
        assert child is not None
        yield from _leaves(child, f"{path} {name}")


def test_every_command_shows_an_example_of_itself():
    for path, command in _leaves(trimtab):
        example = (command.epilog or "").removeprefix("Example: ")
        assert example.startswith(path), f"{path} --help shows no example"
        command.make_context("shown", shlex.split(example)[len(path.split()) :])


def test_every_option_says_what_it_means():
    for path, command in _leaves(trimtab):
        unsaid = [o.opts for o in command.params if isinstance(o, click.Option) and not o.help]
        assert unsaid == [], path


def _commands_shown() -> list[str]:
    text = "\n".join(file.read_text() for file in SHOWN)
    inline = re.findall(r"`((?:\.venv/bin/)?(?:trimtab|make) [^`<…\[\]]+)`", text)
    lines = [line.partition("#")[0].strip() for line in _in_fences(text)]
    found = [line.removeprefix(".venv/bin/") for line in lines + inline]
    return sorted({line for line in found if line.startswith(("trimtab ", "make "))})


def _in_fences(text: str) -> Iterator[str]:
    """The lines of blocks that name no language: what is typed in a shell."""
    language: str | None = None
    for line in text.splitlines():
        if line.strip().startswith("```"):
            language = line.strip("` ") if language is None else None
        elif language == "":
            yield line


@pytest.mark.parametrize("line", _commands_shown())
def test_every_command_shown_can_be_typed(line: str):
    words = shlex.split(line)
    if words[0] == "make":
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        named = {word for word in words[1:] if "=" not in word}
        assert named <= targets
        return
    command: click.Command = trimtab
    words = words[1:]
    while isinstance(command, click.Group) and words:
        child = command.get_command(click.Context(command), words.pop(0))
        assert child is not None
        command = child
    if words:  # without any, the command is named, not typed
        command.make_context("shown", words)


@pytest.mark.parametrize("file", SHOWN, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path):
    for link in re.findall(r"\]\(([^)\s]+)\)", file.read_text()):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        leads_to = file.parent / target if target else file
        assert leads_to.exists(), link
        assert not anchor or anchor in _anchors(leads_to), link


def _anchors(file: Path) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_of_docs_is_linked_from_another():
    linked = set()
    for file in SHOWN:
        for link in re.findall(r"\]\(([^)\s#]+)", file.read_text()):
            linked.add((file.parent / link).resolve())
    pages = set((ROOT / "docs").rglob("*.md"))
    orphans = {page.name for page in pages if not {page, page.parent} & linked}
    assert orphans == set()
