"""Prediction requests in JSON: the four forms that MLflow's scoring server takes."""

from collections.abc import Sequence
from typing import Any

from trimtab.domain.bad_request import BadRequest, Problem, nearest, shown
from trimtab.domain.model import ModelSpec
from trimtab.domain.request_rows import ABSENT, Form, Rows, check_names, read_columns, table
from trimtab.domain.values import kind

RECORDS, SPLIT, INSTANCES, INPUTS = "dataframe_records", "dataframe_split", "instances", "inputs"
FORMS = (RECORDS, SPLIT, INSTANCES, INPUTS)
INFERENCE_ID = "inference_id"

IN_SPLIT = Form(
    header=f"{SPLIT}.columns",
    name=lambda place, _: f"{SPLIT}.columns[{place}]",
    row=lambda row: f"{SPLIT}.data[{row}]",
    cell=lambda row, name: f"{SPLIT}.data[{row}].{name}",
)
IN_INPUTS = Form(
    header=INPUTS,
    name=lambda _, name: f"{INPUTS}.{name}",
    row=lambda row: f"{INPUTS}[{row}]",
    cell=lambda row, name: f"{INPUTS}.{name}[{row}]",
)


def json_rows(body: object, spec: ModelSpec) -> Rows:
    """Return the rows of a request's JSON. Raises BadRequest if it has none of the forms."""
    form, rows = _one_form(body)
    if form == SPLIT:
        return table(*_header_and_data(rows), IN_SPLIT, spec)
    if form == INPUTS and isinstance(rows, dict):
        return _columns(rows, spec)
    return _records(form, rows, spec)


def _one_form(body: object) -> tuple[str, object]:
    if not isinstance(body, dict):
        raise BadRequest.of("body", f"is {kind(body)}", f"an object with one of {', '.join(FORMS)}")
    given = [form for form in FORMS if form in body]
    if len(given) != 1:
        message = f"has {' and '.join(given)}" if given else "has no rows"
        raise BadRequest.of("body", message, f"exactly one of {', '.join(FORMS)}")
    unknown = [key for key in body if key not in (given[0], INFERENCE_ID)]
    if unknown:
        expected = f"only {given[0]}, {INFERENCE_ID}"
        raise BadRequest(
            Problem(-1, place, shown(key), "is not a field of a request", expected)
            for place, key in enumerate(unknown)
        )
    return given[0], body[given[0]]


def _records(form: str, records: object, spec: ModelSpec) -> Rows:
    if not isinstance(records, list):
        raise BadRequest.of(form, f"is {kind(records)}", "a list of objects, one per row")
    if not records:
        raise BadRequest.of(form, "is empty", "at least one row")
    misfits = [row for row, record in enumerate(records) if type(record) is not dict]
    if misfits:
        expected = "an object: column to value"
        raise BadRequest(
            Problem(row, 0, f"{form}[{row}]", f"is {kind(records[row])}", expected)
            for row in misfits
        )
    columns = {
        name: [record.get(name, ABSENT) for record in records] for name in read_columns(spec)
    }
    unknown = set().union(*records) - spec.contract.columns.keys()
    problems = _unknown(form, records, unknown, spec) if unknown else ()
    return Rows(columns, lambda row, name: f"{form}[{row}].{name}", problems)


def _unknown(
    form: str, records: Sequence[dict[str, Any]], unknown: set[str], spec: ModelSpec
) -> tuple[Problem, ...]:
    meant = {name: nearest(name, spec) for name in unknown}
    message = "is not a column of the contract"
    return tuple(
        Problem(row, -1, f"{form}[{row}].{shown(name)}", message, meant[name])
        for row, record in enumerate(records)
        for name in unknown & record.keys()
    )


def _columns(columns: dict[str, Any], spec: ModelSpec) -> Rows:
    """Read an object of columns, each a list of as many values as there are rows."""
    check_names(list(columns), IN_INPUTS, spec)
    count = max((len(values) for values in columns.values() if type(values) is list), default=0)
    problems = [
        Problem(
            -1,
            place,
            f"{INPUTS}.{name}",
            f"has {len(values)} values" if isinstance(values, list) else f"is {kind(values)}",
            f"a list of {count or 'at least one'} values, one per row",
        )
        for place, (name, values) in enumerate(columns.items())
        if type(values) is not list or len(values) != count or not count
    ]
    if problems:
        raise BadRequest(problems)
    read = [name for name in read_columns(spec) if name in columns]
    return Rows({name: columns[name] for name in read}, IN_INPUTS.cell)


def _header_and_data(split: object) -> tuple[list[Any], list[Any]]:
    if not isinstance(split, dict):
        raise BadRequest.of(SPLIT, f"is {kind(split)}", "an object with columns and data")
    names, data = split.get("columns"), split.get("data")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadRequest.of(f"{SPLIT}.columns", f"is {kind(names)}", "a list of column names")
    if not isinstance(data, list):
        raise BadRequest.of(
            f"{SPLIT}.data", f"is {kind(data)}", "a list of rows, each a list of values"
        )
    if not data:
        raise BadRequest.of(f"{SPLIT}.data", "is empty", "at least one row")
    return names, data
