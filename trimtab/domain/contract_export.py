"""The contract of a prediction request in other words: JSON Schema, and the signature of an MLflow model."""

import json
from typing import Any

from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.model import ModelSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_TYPES = {
    ColumnType.integer: "integer",
    ColumnType.number: "number",
    ColumnType.string: "string",
    ColumnType.boolean: "boolean",
    ColumnType.datetime: "string",
}
MLFLOW_TYPES = {
    ColumnType.integer: "long",
    ColumnType.number: "double",
    ColumnType.string: "string",
    ColumnType.boolean: "boolean",
    ColumnType.datetime: "datetime",
}


def json_schema(spec: ModelSpec) -> dict[str, Any]:
    """Return the JSON Schema of one row of features, which is what a request holds many of."""
    columns = spec.contract.columns
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "title": spec.name,
        "description": f"one row of features; contract {spec.contract.digest}",
        "type": "object",
        "properties": {name: _property(columns[name]) for name in spec.features},
        "required": list(spec.features),
        "additionalProperties": False,
    }
    if spec.contract.rules:
        schema["$comment"] = "rules: " + "; ".join(rule.rule for rule in spec.contract.rules)
    return schema


def mlflow_signature(spec: ModelSpec) -> dict[str, Any]:
    """Return the signature as MLflow writes it into a model's MLmodel file: each part a JSON text, or null."""
    inputs = [
        {
            "type": _mlflow_type(spec.contract.columns[name]),
            "name": name,
            "required": not spec.contract.columns[name].nullable,
        }
        for name in spec.features
    ]
    outputs = [{"type": "double", "name": spec.data.target, "required": True}]
    return {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs), "params": None}


def _property(column: Column) -> dict[str, Any]:
    kind = SCHEMA_TYPES[column.type]
    told: dict[str, Any] = {"type": [kind, "null"] if column.nullable else kind}
    if column.type is ColumnType.datetime:
        told["format"] = "date-time"
    if column.minimum is not None:
        told["minimum"] = column.minimum
    if column.maximum is not None:
        told["maximum"] = column.maximum
    if column.longest is not None:
        told["maxLength"] = column.longest
    if column.allowed is not None and not column.new_share:
        told["enum"] = [*column.allowed, *([None] if column.nullable else [])]
    return told


def _mlflow_type(column: Column) -> str:
    # MLflow has no integer that may be missing: pandas makes numbers of such a column.
    if column.type is ColumnType.integer and column.nullable:
        return "double"
    return MLFLOW_TYPES[column.type]
