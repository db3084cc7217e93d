"""What the joint check finds: each with its numbers, and whether the model's owner lives with it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

SAID = 3  # sentences in a refusal; check.json has them all
LISTED = 5  # names in a sentence
LONGEST = 900  # characters of the sentence that a request's verdict repeats


@dataclass(frozen=True)
class Finding:
    """One question that was asked, and what was found."""

    name: str
    passed: bool
    sentence: str
    waived: bool = False  # by training.waive

    @property
    def refuses(self) -> bool:
        """Whether it stands against a training."""
        return not (self.passed or self.waived)


@dataclass(frozen=True)
class Checked:
    """What all findings together say."""

    findings: tuple[Finding, ...]
    train_rows: int
    evaluation_rows: int

    @property
    def passed(self) -> bool:
        """Whether a training may begin."""
        return not any(finding.refuses for finding in self.findings)

    @property
    def sentence(self) -> str:
        """What stands against a training; what is lived with, where nothing does."""
        against = [finding.sentence for finding in self.findings if finding.refuses]
        if not against:
            waived = [f.sentence for f in self.findings if f.waived and not f.passed]
            rows = f"{self.train_rows} rows to train on, {self.evaluation_rows} to judge by"
            return "; ".join([rows, *(f"waived: {each}" for each in waived)])[:LONGEST]
        left = len(against) - SAID
        more = [f"and {left} more, see check.json"] if left > 0 else []
        return "; ".join([*against[:SAID], *more])[:LONGEST]

    def as_json(self) -> dict[str, Any]:
        """Return it as check.json has it."""
        return {
            "passed": self.passed,
            "sentence": self.sentence,
            "rows": {"train": self.train_rows, "evaluation": self.evaluation_rows},
            "findings": [asdict(finding) for finding in self.findings],
        }


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence lists them."""
    every = list(names)
    return ", ".join(every[:LISTED]) + (
        f" and {len(every) - LISTED} more" if every[LISTED:] else ""
    )
