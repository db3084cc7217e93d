"""One synth for all infra tests, without bundling; only the packaging tests bundle."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NO_BUNDLING: dict[str, list[str]] = {"aws:cdk:bundling-stacks": []}


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    id: str
    type: str
    properties: dict[str, Any]
    whole: dict[str, Any]


@dataclass(frozen=True)
class Template:
    """A synthesised template."""

    path: Path
    body: dict[str, Any]

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources, of these types only if any are named."""
        for name, resource in self.body["Resources"].items():
            if not types or resource["Type"] in types:
                yield Resource(name, resource["Type"], resource.get("Properties", {}), resource)

    def only(self, type: str) -> Resource:
        """Return the one resource of a type."""
        (found,) = self.resources(type)
        return found

    def function(self, name: str) -> Resource:
        """Return the Lambda of functions/<name>/."""
        handler = f"functions.{name}.handler.lambda_handler"
        (found,) = (
            each
            for each in self.resources("AWS::Lambda::Function")
            if each.properties["Handler"] == handler
        )
        return found


@dataclass(frozen=True)
class Assembly:
    """What `python -m infra.app` writes for one stage."""

    stage: str
    folder: Path
    data: Template
    platform: Template
    warnings: tuple[str, ...]
    kept: set[str]  # names of the stacks that refuse to be deleted

    @property
    def templates(self) -> tuple[Template, Template]:
        """Both templates."""
        return self.data, self.platform


def synthesise(stage: str, folder: Path) -> Assembly:
    """Synthesise one stage into a folder."""
    from infra.app import make_app

    assembly = make_app({"stage": stage, **NO_BUNDLING}, outdir=str(folder)).synth()
    stacks = {stack.stack_name: stack for stack in assembly.stacks}
    warnings = tuple(
        f"{message.id}: {message.entry.data}" for s in stacks.values() for message in s.messages
    )
    return Assembly(
        stage,
        folder,
        _template(folder, f"trimtab-{stage}-data"),
        _template(folder, f"trimtab-{stage}"),
        warnings,
        {name for name, stack in stacks.items() if stack.termination_protection},
    )


def _template(folder: Path, stack: str) -> Template:
    path = folder / f"{stack}.template.json"
    return Template(path, json.loads(path.read_text()))


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The dev stage, synthesised."""
    return synthesise("dev", tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="session")
def data(assembly: Assembly) -> Template:
    """The template of what holds data."""
    return assembly.data


@pytest.fixture(scope="session")
def platform(assembly: Assembly) -> Template:
    """The template of what runs."""
    return assembly.platform
