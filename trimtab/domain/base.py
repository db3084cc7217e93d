"""The base of everything that crosses an edge."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A closed, strict value that cannot change once it is built.

    Validators are built when first used, so that an import pays for none; a field's default that is such a value is
    made by `model_construct`, which needs none.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, changed by `update`; what was worked out of the original is not carried over."""
        copied = super().model_copy(update=update, deep=deep)
        for worked_out in copied.__dict__.keys() - type(copied).model_fields.keys():
            del copied.__dict__[worked_out]
        return copied
