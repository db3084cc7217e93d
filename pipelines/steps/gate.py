"""The gate: what a challenger must show, and the sentence that says whether it did. Pure arithmetic."""

from dataclasses import asdict, dataclass
from typing import Any

from .bootstrap import Interval


@dataclass(frozen=True)
class Check:
    """One comparison with its numbers."""

    name: str
    value: float
    limit: float
    passed: bool
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """Return name, value, limit and outcome."""
        fields = {**asdict(self), "value": round(self.value, 6)}
        del fields["sentence"]
        return fields


@dataclass(frozen=True)
class Verdict:
    """What all checks together say. A verdict without checks passes: nothing was asked."""

    checks: tuple[Check, ...]
    remark: str = ""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def sentence(self) -> str:
        """Every check's numbers, those that failed first."""
        ordered = sorted(self.checks, key=lambda check: check.passed)
        return "; ".join(
            part for part in (*(each.sentence for each in ordered), self.remark) if part
        )

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as evaluation.json has it."""
        return {
            "passed": self.passed,
            "sentence": self.sentence,
            "checks": [check.as_json() for check in self.checks],
        }


def floor_check(metric: str, value: float, floor: float, *, larger_is_better: bool) -> Check:
    """The metric itself must reach the floor (for a loss: stay under it)."""
    passed = value >= floor if larger_is_better else value <= floor
    sign = {(True, True): ">=", (True, False): "<", (False, True): "<=", (False, False): ">"}
    word = sign[larger_is_better, passed]
    return Check("floor", value, floor, passed, f"{metric} {value:.3f} {word} floor {floor:g}")


def champion_check(metric: str, gain: Interval, margin: float, version: int) -> Check:
    """Non-inferiority: the lower end of the gain over the champion must not be under minus the margin."""
    passed = gain.low >= -margin
    sentence = (
        f"{metric} gain over version {version} {gain.value:+.3f}"
        f" (95 % interval {gain.low:+.3f} to {gain.high:+.3f}),"
        f" low end {'>=' if passed else '<'} {-margin:g}"
    )
    return Check("champion", gain.low, -margin, passed, sentence)
