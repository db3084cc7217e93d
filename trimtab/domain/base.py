"""The base of everything that crosses an edge."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A closed, strict value that cannot change once it is built.

    Validators are built when first used, so that an import pays for none; a field's default that is such a value is
    made by `model_construct`, which needs none.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)
