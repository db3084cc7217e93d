"""`trimtab drift`: what drifted between any two files; no deployment is needed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, REASON, Answering, Noun
from trimtab.cli.contracts import AGAINST, FILE, insist_on
from trimtab.cli.moments import moment, moment_to_come
from trimtab.cli.output import head, talk, write_page
from trimtab.errors import InvalidInput

if TYPE_CHECKING:
    from trimtab.data.tallies import Parting
    from trimtab.domain.columns import ColumnType
    from trimtab.domain.drift.report import DriftReport


@click.group(cls=Noun)
def drift() -> None:
    """What drifted, by how much, and why it is more than chance."""


@drift.command("list", example="trimtab drift list flight-delays")
@click.argument("model")
@LIMIT
def list_windows(model: str, limit: int) -> None:
    """List the judged windows of a model's live traffic, newest first."""
    found = session.listed(model, "drift", limit)
    columns = ["start", "version", "state", "rows", "reason", "report_uri"]
    session.show(found, columns, found)
    if not found:
        talk(f"no window of {model} is judged yet; that is done once one is over")


@drift.command(
    cls=Answering,
    example='trimtab drift accept flight-delays --from 28d --reason "summer is usual too"',
)
@click.argument("model")
@click.option("--from", "start", callback=moment, help="Windows from then on; 28d before --to.")
@click.option("--to", "end", callback=moment, help="Windows that are over by then; all judged.")
@REASON
def accept(model: str, start: str | None, end: str | None, reason: str) -> None:
    """Have live traffic compared with a period of it from now on, in place of the version's evaluation."""
    body = {"start": start, "end": end, "reason": reason}
    told = session.api().post(session.path(model, "drift", "accept"), body)
    session.show([told], ["version", "start", "end", "windows", "rows", "since"], told)
    talk(f"windows are compared with it from {told['since']} on")


KIND = click.option(
    "--kind",
    type=click.Choice(["data", "prediction", "feed"]),
    help="Only drift of this kind: of features, of predictions, or of how much comes in.",
)
MUTED = ["columns", "kind", "until", "reason", "actor"]


@drift.command("mutes", example="trimtab drift mutes flight-delays")
@click.argument("model")
@LIMIT
def list_mutes(model: str, limit: int) -> None:
    """List what of a model's drift nobody is told just now."""
    found = session.api().items(session.path(model, "drift", "mutes"), limit=limit)
    _show_mutes(list(found), model)


@drift.command(
    cls=Answering,
    example='trimtab drift mute flight-delays temp humid --until 14d --reason "new sensors"',
)
@click.argument("model")
@click.argument("columns", nargs=-1)
@click.option(
    "--until", required=True, callback=moment_to_come, help="When it ends: 14d or a date (UTC)."
)
@KIND
@REASON
def mute(model: str, columns: tuple[str, ...], until: str, kind: str | None, reason: str) -> None:
    """Have nobody told of drift in these columns, or in any, for a while; it is judged and kept all the same."""
    body = {"columns": columns, "until": until, "kind": kind, "reason": reason}
    _show_mutes(session.api().post(session.path(model, "drift", "mute"), body)["items"], model)


@drift.command(
    cls=Answering,
    example='trimtab drift unmute flight-delays temp humid --reason "they are calibrated"',
)
@click.argument("model")
@click.argument("columns", nargs=-1)
@KIND
@REASON
def unmute(model: str, columns: tuple[str, ...], kind: str | None, reason: str) -> None:
    """End the mute that was about exactly these columns and this kind."""
    body = {"columns": columns, "kind": kind, "reason": reason}
    _show_mutes(session.api().post(session.path(model, "drift", "unmute"), body)["items"], model)


def _show_mutes(items: list[dict[str, Any]], model: str) -> None:
    rows = [
        {
            **one["mute"],
            "columns": ", ".join(one["mute"]["columns"]) or "all",
            "kind": one["mute"]["cause"] or "all",
            "actor": one["actor"],
        }
        for one in items
    ]
    session.show(rows, MUTED, items)
    if not items:
        talk(f"everybody is told of all drift of {model}")


@drift.command(
    cls=Answering,
    example="trimtab drift check --reference january.csv --current july.csv --html drift.html",
)
@click.option("--reference", required=True, type=FILE, help="The rows to compare with.")
@click.option("--current", required=True, type=FILE, help="The rows that may have drifted.")
@click.option("--model-file", type=FILE, help="A model.yaml, for its types and its entity key.")
@click.option("--entity-key", help="Column whose rows hang together: a customer's, a machine's.")
@click.option("--time-column", help="Column of time; rows of one day hang together.")
@click.option("--prediction", multiple=True, help="Column that is a prediction; may be repeated.")
@click.option("--important", multiple=True, help="Feature that weighs most; may be repeated.")
@click.option("--html", type=FILE, help="File for the report as a page of its own.")
def check(*, reference: Path, current: Path, html: Path | None, **options: Any) -> None:
    """Say what drifted between two files of any format; the exit code is 3 if something did."""
    from trimtab.data.blocks import Unreadable  # noqa: PLC0415 (numpy and the engine come with it)

    asked = Asked(**options)
    insist_on(reference, current, *([asked.model_file] if asked.model_file else []))
    try:
        report = _judge(reference, current, asked)
    except Unreadable as error:
        raise InvalidInput(
            str(error), hint="both files must be CSV, JSON lines or Parquet"
        ) from error
    if html is not None:
        from trimtab.domain.drift.page import drift_page  # noqa: PLC0415

        title = f"{current.name} against {reference.name}"
        write_page(html, drift_page(report, title=title))
    _tell(report)
    if report.state == "drift":
        click.get_current_context().exit(AGAINST)


@dataclass(frozen=True)
class Asked:
    """What the command line says of the files."""

    model_file: Path | None
    entity_key: str | None
    time_column: str | None
    prediction: tuple[str, ...]
    important: tuple[str, ...]


def _judge(reference: Path, current: Path, asked: Asked) -> "DriftReport":
    from trimtab.data.tallies import tally  # noqa: PLC0415 (numpy and the engine come with it)
    from trimtab.domain.drift.baseline import LiveWindow, baseline_of, rows_per_entity  # noqa: PLC0415
    from trimtab.domain.drift.judging import judge_window  # noqa: PLC0415
    from trimtab.domain.drift.policy import DriftPolicy  # noqa: PLC0415

    types, personal, entity_key = _columns(reference, asked, blocks=1)
    parting = _parting(types, entity_key, asked.time_column)
    before = tally(reference, types, parting=parting)
    if not before.is_typed and asked.model_file is None:
        # Later rows are not as the first ones: now all of them say what the types are.
        types, personal, entity_key = _columns(reference, asked, blocks=None)
        parting = _parting(types, entity_key, asked.time_column)
        before = tally(reference, types, parting=parting)
    is_entity = parting is not None and parting.by == "entity"
    baseline = baseline_of(
        before.profile.concealed(personal),
        before.parts,
        block="entity" if is_entity else "time",
        rows_per_entity=rows_per_entity(before.part_rows) if is_entity else 1.0,
        leave_out=[entity_key] if entity_key else [],
    )
    now = tally(current, types, parting=parting, references=baseline.references())
    window = LiveWindow(
        profile=now.profile.concealed(personal),
        blocks=1 if is_entity else max(1, len(now.parts)),
        rows_per_entity=rows_per_entity(now.part_rows) if is_entity else 1.0,
    )
    return judge_window(
        baseline,
        window,
        DriftPolicy(),
        predictions=asked.prediction,
        important=asked.important,
    )


def _columns(
    reference: Path, asked: Asked, *, blocks: int | None
) -> "tuple[dict[str, ColumnType], frozenset[str], str | None]":
    """The types of the columns, those of which no value may be told, and the entity key."""
    from trimtab.data.survey import types_of  # noqa: PLC0415

    if asked.model_file is None:
        return types_of([reference], blocks=blocks), frozenset(), asked.entity_key
    from pipelines.spec import load  # noqa: PLC0415 (models are none of the functions' business)

    spec = load(asked.model_file)
    key = asked.entity_key or (None if asked.time_column else spec.data.entity_key)
    return dict(spec.contract.types), frozenset(spec.contract.personal), key


def _parting(
    types: "dict[str, ColumnType]", entity_key: str | None, time_column: str | None
) -> "Parting | None":
    from trimtab.data.tallies import Parting  # noqa: PLC0415
    from trimtab.domain.columns import ColumnType  # noqa: PLC0415

    column = entity_key or time_column
    if column is None:
        return None
    if column not in types:
        raise InvalidInput(
            f"the reference has no column {column}", hint=f"it has {', '.join(types)}"
        )
    if entity_key is None and types[column] is not ColumnType.datetime:
        raise InvalidInput(
            f"{column} holds {types[column].value}, not times", hint="--entity-key takes any column"
        )
    return Parting(column, "entity" if entity_key else "time")


def _tell(report: "DriftReport") -> None:
    if not session.wants_json():
        head({"Drift": report.state, "Why": report.sentence})
    rows: list[dict[str, Any]] = [
        {
            "column": one.column,
            "aspect": one.aspect,
            "state": one.state,
            "effect": one.effect,
            "floor": one.floor,
            "chance": one.p_adjusted,
            "reason": one.sentence,
        }
        for one in report.judgements
    ]
    columns = ["column", "aspect", "state", "effect", "floor", "chance", "reason"]
    session.show(rows, columns, report.model_dump(mode="json"))
