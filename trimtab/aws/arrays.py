"""Values made of NumPy's arrays, as NumPy's .npz; equal values make equal bytes."""

import io
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value", bound="DataclassInstance")


def pack(value: "DataclassInstance") -> bytes:
    """Return a dataclass of arrays in bytes."""
    buffer = io.BytesIO()
    arrays = {each.name: getattr(value, each.name) for each in fields(value)}
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(kind: type[Value], body: bytes) -> Value:
    """Return what was packed."""
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return kind(**arrays)
