"""One route of the HTTP API, as everything that repeats it is told: infrastructure, OpenAPI, docs."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel

from trimtab.errors import TrimtabError


@dataclass(frozen=True)
class Route:
    """A method and a path, which function answers, and what it takes and gives."""

    method: Literal["GET", "POST", "DELETE"]
    path: str  # with {parameters}, as API Gateway writes them
    function: str  # folder under functions/
    name: str  # operationId: a verb and what it is done to
    says: str  # what it answers, for people
    answer: type[BaseModel] | None  # None: a document of another standard
    listed: bool = False  # pages of `answer`
    status: int = HTTPStatus.OK
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    takes: tuple[str, ...] = ()  # media types of a body that is no JSON
    refuses: tuple[type[TrimtabError], ...] = ()  # beside what every route may answer

    @property
    def key(self) -> str:
        """The route as API Gateway knows it."""
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that stand in the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
