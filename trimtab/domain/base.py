"""The base of everything that crosses an edge."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A closed, strict value that cannot change once it is built."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)
