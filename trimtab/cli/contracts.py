"""`trimtab data infer`, `check` and `contract`: contracts proposed, tried on a file, and told to other tools."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trimtab.cli import session
from trimtab.cli.command import Answering
from trimtab.cli.output import talk
from trimtab.domain.anomalies import counted
from trimtab.domain.model import ModelSpec
from trimtab.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from trimtab.domain.examination import Examination
    from trimtab.domain.since_last import Last

AGAINST = 3  # exit code of a verdict against
FORMS = {"json-schema": "json_schema", "mlflow": "mlflow"}
FILE = click.Path(path_type=Path)


@click.command(cls=Answering, example="trimtab data infer january.csv february.csv")
@click.argument("files", nargs=-1, required=True, type=FILE)
def infer(files: tuple[Path, ...]) -> None:
    """Propose a contract from files, each taken for a batch, in their order; the evidence stands beside each line."""
    from trimtab.cli.contract_yaml import contract_yaml  # noqa: PLC0415 (numpy and the engine come with it)
    from trimtab.data.blocks import Unreadable  # noqa: PLC0415
    from trimtab.data.survey import survey  # noqa: PLC0415
    from trimtab.domain.proposal import propose  # noqa: PLC0415

    insist_on(*files)
    try:
        seen = survey(files)
    except Unreadable as error:
        raise InvalidInput(
            str(error), hint="a contract is proposed from files that can be read"
        ) from error
    if not any(file.rows for file in seen.files):
        raise InvalidInput("the files have no row", hint="a contract is proposed from rows")
    proposal = propose(seen)
    if session.wants_json():
        session.show([], [], proposal.contract.model_dump(mode="json", exclude_defaults=True))
        return
    rows = sum(file.rows for file in seen.files)
    about = f"Proposed from {counted(len(files), 'file')} with {rows:,} rows: read it before you believe it."
    click.echo(contract_yaml(proposal, about=about), nl=False)
    talk(
        "Next: put it into pipelines/<model>/model.yaml, then trimtab data check FILE --model <model>"
    )


@click.command(
    cls=Answering, example="trimtab data check march.csv --model flight-delays --after february.csv"
)
@click.argument("file", type=FILE)
@click.option("--model", help="Whose contract; needed where pipelines/ holds several models.")
@click.option("--after", type=FILE, help="The file before it, to compare with.")
@click.option(
    "--models",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("pipelines"),
    show_default=True,
    help="Folder of the models.",
)
def check(file: Path, model: str | None, after: Path | None, folder: Path) -> None:
    """Say of a file what would be said of it under incoming/; the exit code is 3 if it would be refused."""
    from trimtab.data.examine import examine  # noqa: PLC0415 (numpy and the engine come with it)

    insist_on(file, *([after] if after else []))
    spec, now = _spec(model, folder), datetime.now(UTC)
    last = None if after is None else _last(examine(after, spec, now=now), after)
    found = examine(file, spec, now=now, last=last)
    _tell(file, spec, found)
    if found.anomalies:
        click.get_current_context().exit(AGAINST)


@click.command(cls=Answering, example="trimtab data contract flight-delays --as mlflow")
@click.argument("model")
@click.option(
    "--as",
    "form",
    type=click.Choice(list(FORMS)),
    default="json-schema",
    show_default=True,
    help="JSON Schema of a row of features, or the signature of an MLflow model.",
)
def contract(model: str, form: str) -> None:
    """Print what a deployed model's requests must look like, for other tools."""
    answer = session.api().get(session.path(model, "contract"))
    click.echo(json.dumps(answer[FORMS[form]], indent=2, ensure_ascii=False))


def insist_on(*files: Path) -> None:
    """Raise NotFound for the first that is no file."""
    for file in files:
        if not file.is_file():
            raise NotFound(f"there is no file {file}", hint="paths are from the working directory")


def _spec(model: str | None, folder: Path) -> ModelSpec:
    from pipelines.spec import FILE as NAME  # noqa: PLC0415 (the models' folder is none of the functions' business)
    from pipelines.spec import load  # noqa: PLC0415

    if model is not None:
        path = folder / model.replace("-", "_") / NAME
        if not path.is_file():
            raise NotFound(f"there is no {path}", hint="--models names the folder of the models")
        return load(path)
    there = sorted(folder.glob(f"*/{NAME}"))
    if len(there) != 1:
        names = ", ".join(path.parent.name.replace("_", "-") for path in there) or "none"
        raise InvalidInput(
            f"{folder}/ holds {len(there)} models: {names}",
            hint="--model says whose contract is meant",
        )
    return load(there[0])


def _last(before: "Examination", file: Path) -> "Last":
    from trimtab.domain.since_last import Last  # noqa: PLC0415

    if before.format is None:
        raise InvalidInput(
            f"{file} cannot be compared with: {before.anomalies[0].sentence}",
            hint="--after names a file that can be read",
        )
    return Last(profile=before.profile)


def _tell(file: Path, spec: ModelSpec, found: "Examination") -> None:
    from trimtab.domain.remedies import remedy  # noqa: PLC0415
    from trimtab.domain.report_page import by_weight, how_bad, rows_of  # noqa: PLC0415

    rows: list[dict[str, Any]] = [
        {
            "what": anomaly.code.value,
            "where": anomaly.column or "the file",
            "how_bad": how_bad(anomaly),
            "rows": rows_of(anomaly),
            "reason": anomaly.sentence,
            "what_to_do": remedy(anomaly.code),
        }
        for anomaly in by_weight(found.anomalies)
    ]
    columns = ["what", "where", "how_bad", "rows", "reason", "what_to_do"]
    if rows or session.wants_json():
        session.show(rows, columns, found.model_dump(mode="json", exclude={"profile"}))
    verdict = "would be quarantined" if rows else "would be accepted"
    rules = f": {counted(len(rows), 'rule')} broken" if rows else ""
    talk(f"{file.name}, {found.rows:,} rows, {verdict} for {spec.name}{rules}")
    for notice in found.notices:
        talk(f"also: {notice.sentence}")
