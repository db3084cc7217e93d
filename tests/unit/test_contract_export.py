"""The contract in the words of other tools."""

import json

from tests import flights
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import Contract, RowRule
from trimtab.domain.contract_export import json_schema, mlflow_signature

CONTRACT = Contract(
    columns={
        **flights.CONTRACT.columns,
        "code": Column(type=ColumnType.string, nullable=True, allowed=("a", "b")),
        "dest": Column(type=ColumnType.string, allowed=("EWR",), new_share=0.1, longest=3),
        "seats": Column(type=ColumnType.integer, nullable=True),
    },
    rules=(RowRule(rule="distance > 0"),),
)
SPEC = flights.spec(contract=CONTRACT)


def test_a_row_of_features_as_json_schema():
    schema = json_schema(SPEC)
    assert schema["title"] == "flights"
    assert CONTRACT.digest in schema["description"]
    assert schema["required"] == [
        "at",
        "carrier",
        "distance",
        "temp",
        "on_time",
        "code",
        "dest",
        "seats",
    ]
    assert schema["$comment"] == "rules: distance > 0"
    assert schema["properties"] == {
        "at": {"type": "string", "format": "date-time"},
        "carrier": {"type": "string", "enum": ["AA", "B6", "UA"]},
        "distance": {"type": "integer", "minimum": 10, "maximum": 6000},
        "temp": {"type": ["number", "null"], "minimum": -40, "maximum": 130},
        "on_time": {"type": "boolean"},
        "code": {"type": ["string", "null"], "enum": ["a", "b", None]},
        "dest": {"type": "string", "maxLength": 3},
        "seats": {"type": ["integer", "null"]},
    }
    assert "$comment" not in json_schema(flights.spec())


def test_the_signature_of_an_mlflow_model():
    told = mlflow_signature(SPEC)
    inputs = {one["name"]: (one["type"], one["required"]) for one in json.loads(told["inputs"])}
    assert inputs == {
        "at": ("datetime", True),
        "carrier": ("string", True),
        "distance": ("long", True),
        "temp": ("double", False),
        "on_time": ("boolean", True),
        "code": ("string", False),
        "dest": ("string", True),
        "seats": ("double", False),
    }
    assert json.loads(told["outputs"]) == [{"type": "double", "name": "late", "required": True}]
    assert told["params"] is None


def test_the_digest_changes_with_anything_in_the_contract():
    other = CONTRACT.model_copy(update={"minimum_rows": 2})
    assert other.digest != CONTRACT.digest == Contract.model_validate(CONTRACT.model_dump()).digest
