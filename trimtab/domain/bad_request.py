"""What is wrong with a prediction request, place by place, in words that never hold a value."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from trimtab.domain.model import ModelSpec

LISTED = 20  # problems told one by one; more would not be read
SHOWN = 64  # characters of a name that the contract does not know


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a request."""

    row: int  # -1: not about a row
    position: int  # of the column in the contract; puts problems in reading order
    place: str
    message: str
    expected: str

    def told(self) -> dict[str, str]:
        """Return what the caller is told."""
        return {"field": self.place, "message": self.message, "expected": self.expected}


class BadRequest(ValueError):
    """The request breaks the contract; `problems` are all of it, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__(f"{len(self.problems)} problems")

    @classmethod
    def of(cls, place: str, message: str, expected: str) -> "BadRequest":
        """Return the refusal of a request for one thing that is not about a row."""
        return cls([Problem(-1, 0, place, message, expected)])

    def listed(self) -> list[dict[str, str]]:
        """Return the first problems, as the caller is told."""
        return [problem.told() for problem in self.problems[:LISTED]]

    def sentence(self) -> str:
        """Say what is wrong, with how much of it."""
        first, count = self.problems[0], len(self.problems)
        more = f"; {count} problems in all" if count > 1 else ""
        shown = f", the first {LISTED} are listed" if count > LISTED else ""
        return f"{first.place}: {first.message}, expected {first.expected}{more}{shown}"


def nearest(name: str, spec: ModelSpec) -> str:
    """Say which column may be meant by a name that is none."""
    close = difflib.get_close_matches(name, spec.features, n=1)
    return f"{close[0]}?" if close else f"only {', '.join(spec.features)}"


def shown(name: str) -> str:
    """Return a caller's name short, and in characters that can be sent back."""
    return name[:SHOWN].encode(errors="replace").decode()
