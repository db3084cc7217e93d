"""Write the pages of docs/ that repeat what the code says: `make docs`."""

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from functions.registry_api.mlflow.dispatch import served
from trimtab import errors, settings
from trimtab.api.routes import ROUTES
from trimtab.cli.main import trimtab
from trimtab.domain.anomalies import AnomalyCode
from trimtab.domain.events import EVENTS
from trimtab.domain.model import ModelSpec
from trimtab.domain.remedies import remedy

DOCS = Path(__file__).parent
ROUTES_START = "<!-- Written by `make docs` from trimtab/api/routes.py; edit that instead. -->\n"
ROUTES_END = "<!-- end of what `make docs` writes -->\n"
ENDPOINTS_START = "<!-- Written by `make docs` from docs/mlflow-endpoints.txt and functions/registry_api/mlflow/. -->\n"
PLACEHOLDER = re.compile(r"\{\w+\+?\}")
PLAIN = {
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "`true` or `false`",
    "date": "day in quotes",
}
BELOW = {str(dict): ".<name>", str(tuple): "[]"}
NOTE = "<!-- Written by `make docs` from {source}; edit that instead. -->\n\n"


def pages() -> dict[str, str]:
    """Return every generated page: file name under docs/ → content."""
    made = {
        "events.md": _events(),
        "model-yaml.md": _model_yaml(),
        "settings.md": _settings(),
        "errors.md": _errors(),
        "anomalies.md": _anomalies(),
        "command-line.md": _command_line(),
        "http-api.md": _http_api(),
        "mlflow.md": _mlflow(),
    }
    for name, event in EVENTS.items():
        schema = event.model_json_schema()
        made[f"events/{name}.schema.json"] = json.dumps(schema, indent=2) + "\n"
    return made


def _events() -> str:
    text = NOTE.format(source="trimtab/domain/events.py") + "# Events\n\n"
    text += "One per decision, on the bus `trimtab-<stage>`, source `trimtab`. Delivery is at least once. Every detail also holds\n"
    text += "`schema_version`, `model`, `at` (UTC) and `reason`, the sentence that stands in the audit trail.\n\n"
    text += "| event | says | detail |\n| --- | --- | --- |\n"
    for name, event in EVENTS.items():
        own = [field for field in event.model_fields if field in event.__annotations__]
        fields = ", ".join(f"`{field}`" for field in own)
        text += f"| [`{name}`](events/{name}.schema.json) | {_first_line(event)} | {fields} |\n"
    return text


def _model_yaml() -> str:
    text = (
        NOTE.format(source="trimtab/domain/model.py, sweeps.py, contract.py and columns.py")
        + "# model.yaml\n\n"
    )
    text += "One file per model, `pipelines/<model>/model.yaml`. It is checked at synth; a mistake is told with file, line and field.\n"
    text += "What `contract.rules` may say is in [rules](rules.md).\n"
    for path, model in _models(ModelSpec, ""):
        text += f"\n## {f'`{path}`' if path else 'Top level'}\n\n{_first_line(model)}\n\n"
        text += "| field | type | default | |\n| --- | --- | --- | --- |\n"
        comments = _comments(model)
        for name, field in model.model_fields.items():
            default = "**needed**" if field.is_required() else f"`{_default(field)}`"
            about = comments.get(name, "")
            text += f"| `{name}` | {_type(field.annotation)} | {default} | {about} |\n"
    return text


def _settings() -> str:
    text = NOTE.format(source="trimtab/settings.py") + "# Settings of a function\n\n"
    text += "Set by the stack; a function that misses one says so at its first call.\n\n"
    text += "| variable | |\n| --- | --- |\n"
    comments = _comments(settings.Settings)
    for name in settings.Settings.model_fields:
        text += f"| `{settings.PREFIX}{name.upper()}` | {comments[name]} |\n"
    return text


def _errors() -> str:
    text = NOTE.format(source="trimtab/errors.py") + "# Errors\n\n"
    text += "The API answers `application/problem+json` with `code`, `detail`, `hint` and, per field, `errors`; the command line prints the\n"
    text += "same sentence and ends with the exit code.\n\n"
    text += "| code | HTTP | exit | |\n| --- | --- | --- | --- |\n"
    for kind in sorted(_kinds(errors.TrimtabError), key=lambda kind: (kind.status, kind.code)):
        if "code" in vars(kind):
            text += f"| `{kind.code}` | {kind.status} | {kind.exit_code} | {_first_line(kind)} |\n"
    return text


def _anomalies() -> str:
    text = NOTE.format(source="trimtab/domain/anomalies.py") + "# Anomalies\n\n"
    text += "What can be wrong with a file under `incoming/`. A file with any of these is quarantined whole: nothing of it is trained on. Its\n"
    text += "`report.json` under `quarantine/` names each with a sentence, the column, how many rows break the rule (`count`, `share`), the\n"
    text += "`limit`, and up to 20 `examples` (row 1 is the first after the header). `trimtab data quarantine <model>` lists what was refused;\n"
    text += "for a file in no model's folder, `<model>` is the folder's name, or `_none` right under `incoming/`.\n\n"
    text += "A mended file is put again, under the same key or another: each upload is checked anew. A file that is right as it is, whatever the\n"
    text += "contract says, is accepted by `trimtab data release KEY --reason TEXT` if all its rows can be read and have their target; the dataset\n"
    text += "version it makes says so. `trimtab data reject KEY --reason TEXT` closes its quarantine. Either way the object stays where it is.\n\n"
    text += "`report.md` beside it says the same to people: what, where, how bad, what to do.\n\n"
    text += "A column that the contract has not, and one that the contract gained and no accepted batch has had yet, keep nothing out: they are\n"
    text += "told in the reason of the dataset version and in the event [`SchemaEvolved`](events.md), as are values outside `allowed` up to\n"
    text += "`new_share`. Of a column marked `personal` no value stands in any report, log, event or profile.\n\n"
    text += "| code | | what to do |\n| --- | --- | --- |\n"
    comments = _comments(AnomalyCode)
    for code in AnomalyCode:
        text += f"| `{code.value}` | {comments[code.name]} | {remedy(code)} |\n"
    return text


def _command_line() -> str:
    text = NOTE.format(source="trimtab/cli/ and local/cli.py") + "# Command line\n\n"
    text += "stdout is the answer, stderr is the talk. `--output table|json|md` stands before the command or after it; a table is one only on\n"
    text += "a terminal, a pipe gets plain columns with nothing shortened. `NO_COLOR`, `--no-color` and `TERM=dumb` switch colours off. Exit codes:\n"
    text += "0 done, 1 our fault, 2 usage, 3 a verdict against (the demo's broken promise), 5 not found, 6 conflict, 7 not allowed; [errors](errors.md).\n\n"
    text += "Before a command: `--api-url` or `TRIMTAB_API_URL` name the deployment (stack output `ApiUrl`), else the local cloud that runs here is\n"
    text += "taken; `--debug` shows where an error came from.\n"
    for path, command in _commands("trimtab", trimtab):
        with click.Context(command, info_name=path) as context:
            usage = command.get_usage(context).removeprefix("Usage: ")
        text += f"\n### `{usage}`\n\n{_first_line(command.callback or command)}\n"
        text += f"\n    {_example(command)}\n"
        options = [o for o in command.params if isinstance(o, click.Option) and o.help]
        text += "".join(f"\n- `{', '.join(o.opts)}`: {o.help}" for o in options)
        text += "\n" if options else ""
    return text


def _http_api() -> str:
    """The page as it is written by hand, with the table of routes between its marks."""
    before, start, rest = (DOCS / "http-api.md").read_text().partition(ROUTES_START)
    _, end, after = rest.partition(ROUTES_END)
    rows = "".join(f"| `{r.key}` | {r.says} | `{r.function}` |\n" for r in ROUTES)
    return (
        f"{before}{start}\n| route | answers | function |\n| --- | --- | --- |\n{rows}{end}{after}"
    )


def _mlflow() -> str:
    """The page as it is written by hand, with the table of MLflow's endpoints at its end."""
    before, start, _ = (DOCS / "mlflow.md").read_text().partition(ENDPOINTS_START)
    ours = {(method, PLACEHOLDER.sub("{}", path)) for method, path in served()}
    listed = [line.split(" ") for line in (DOCS / "mlflow-endpoints.txt").read_text().splitlines()]
    theirs = {(method, PLACEHOLDER.sub("{}", path)) for method, path in listed}
    rows = [
        (path, method, (method, PLACEHOLDER.sub("{}", path)) in ours) for method, path in listed
    ]
    # Clients of earlier versions, and MLflow's page, call a few that its handlers list elsewhere.
    rows += [
        (path, method, True)
        for method, path in served()
        if (method, PLACEHOLDER.sub("{}", path)) not in theirs
    ]
    counted = sum(is_served for _, _, is_served in rows)
    text = f"{before}{start}\n{counted} of {len(rows)}:\n\n| endpoint | served |\n| --- | --- |\n"
    for path, method, is_served in sorted(rows):
        text += f"| `{method} {path}` | {'yes' if is_served else 'no'} |\n"
    return text


def _example(command: click.Command) -> str:
    """The line in a command's help that could be typed."""
    return (command.epilog or "").removeprefix("Example: ")


def _commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            names = command.list_commands(context)
            children = [(name, command.get_command(context, name)) for name in names]
        for name, child in children:
            if child is not None:
                yield from _commands(f"{path} {name}", child)
    else:
        yield path, command


def _kinds(kind: type[errors.TrimtabError]) -> Iterator[type[errors.TrimtabError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)


def _models(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, model
    for name, field in model.model_fields.items():
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                listed = BELOW.get(str(get_origin(field.annotation)), "")
                yield from _models(part, f"{path}.{name}".lstrip(".") + listed)


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _type(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in parts if part is not type(None))
    if origin is not None:
        whole = {Annotated: "{}", dict: "map", tuple: "list of {}"}[origin]
        return whole.format(_type(parts[0]))
    if issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    if issubclass(annotation, BaseModel):
        return "see below"
    return PLAIN[annotation.__name__]


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return "its defaults"
    if default is None or default == ():
        return "none"
    return str(default.value if isinstance(default, Enum) else default) or '""'


def _comments(model: type[BaseModel] | type[Enum]) -> dict[str, str]:
    """The comment behind each field or member, which is where the code says what it means."""
    source = textwrap.dedent(inspect.getsource(model))
    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]
        if not isinstance(node, ast.AnnAssign | ast.Assign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if isinstance(target, ast.Name):
            line = lines[(node.end_lineno or node.lineno) - 1]
            found[target.id] = line[node.end_col_offset or 0 :].partition("#")[2].strip()
    return found


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def main() -> None:
    """Write every generated page."""
    for name, text in pages().items():
        file = DOCS / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


if __name__ == "__main__":
    main()
