"""The gate: what a challenger must show, and the sentence that says whether it did. Pure arithmetic."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from .bootstrap import Interval
from .slices import Slice

MEGABYTE = 1 << 20
TOLD_SLICES = 3


@dataclass(frozen=True)
class Check:
    """One comparison with its numbers."""

    name: str
    value: float
    limit: float
    passed: bool
    sentence: str
    told: bool = True  # whether the verdict's sentence has it also when it passed

    def as_json(self) -> dict[str, Any]:
        """Return name, value, limit, outcome and sentence."""
        fields = {**asdict(self), "value": round(self.value, 6)}
        del fields["told"]
        return fields


@dataclass(frozen=True)
class ReportOnly:
    """Refusals that refuse nothing, until a day."""

    until: date
    reason: str

    def holds(self, today: date) -> bool:
        """Whether that day has not passed."""
        return today <= self.until


@dataclass(frozen=True)
class Verdict:
    """What all checks together say. A verdict without checks passes: nothing was asked."""

    checks: tuple[Check, ...]
    remark: str = ""
    report_only: ReportOnly | None = None  # one that holds today

    @property
    def would_pass(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def passed(self) -> bool:
        """Whether the challenger may go on."""
        return self.would_pass or self.report_only is not None

    @property
    def sentence(self) -> str:
        """The checks' numbers, those that failed first."""
        return self._opening + "; ".join(part for part in self._parts() if part)

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as evaluation.json has it."""
        only = self.report_only
        return {
            "passed": self.passed,
            "would_pass": self.would_pass,
            "sentence": self.sentence,
            "report_only": None
            if only is None
            else {"until": only.until.isoformat(), "reason": only.reason},
            "checks": [check.as_json() for check in self.checks],
        }

    @property
    def _opening(self) -> str:
        if self.report_only is None:
            return ""
        would = "" if self.would_pass else "would have refused: "
        return f"report only until {self.report_only.until} ({self.report_only.reason}): {would}"

    def _parts(self) -> Iterator[str]:
        yield from (check.sentence for check in self.checks if not check.passed)
        yield from (check.sentence for check in self.checks if check.passed and check.told)
        yield self.remark


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


def slices_check(metric: str, slices: Sequence[Slice], margin: float) -> Check:
    """No slice may be worse than the champion by more than the margin."""
    worse = [each for each in slices if each.verdict == "worse"]
    if not worse:
        unknown = sum(each.verdict == "unknown" for each in slices)
        sentence = f"none of {len(slices)} slices worse by {margin:g}, {unknown} with too few rows"
        return Check("slices", 0, 0, passed=True, sentence=sentence, told=False)
    shown = "; ".join(_told(metric, each, margin) for each in worse[:TOLD_SLICES])
    more = f"; {len(worse) - TOLD_SLICES} more slices" if len(worse) > TOLD_SLICES else ""
    return Check("slices", len(worse), 0, passed=False, sentence=shown + more)


def size_check(size: int, limit_mb: int) -> Check:
    """The archive must not be larger than the limit."""
    megabytes = size / MEGABYTE
    passed = megabytes <= limit_mb
    sentence = f"model.tar.gz {megabytes:.1f} MB {'<=' if passed else '>'} {limit_mb} MB"
    return Check("size", megabytes, limit_mb, passed, sentence, told=False)


def cannot_answer(problem: str) -> Check:
    """The challenger could not be loaded, or answered nothing that can be judged."""
    return Check("answers", 0, 1, passed=False, sentence=problem)


def cannot_serve(problem: str, load_seconds: int) -> Check:
    """The challenger did not come up in the image's server."""
    return Check(
        "loads", load_seconds, load_seconds, passed=False, sentence=f"it does not serve: {problem}"
    )


def loads_check(seconds: float, limit: int) -> Check:
    """The server must be healthy within the limit."""
    passed = seconds <= limit
    sentence = f"loads in {seconds:.1f} s {'<=' if passed else '>'} {limit} s"
    return Check("loads", seconds, limit, passed, sentence, told=False)


def golden_check(answered: int, asked: int, problem: str) -> Check:
    """Every golden request must be answered as the evaluation was."""
    passed = answered == asked
    sentence = f"{answered} of {asked} golden requests answered as in the evaluation"
    return Check(
        "golden",
        answered,
        asked,
        passed,
        sentence if passed else f"{sentence}: {problem}",
        told=False,
    )


def latency_check(milliseconds: float, limit: int) -> Check:
    """Requests of one row must be answered within the limit."""
    passed = milliseconds <= limit
    sentence = (
        f"answers in {milliseconds:.0f} ms (95 % of requests) {'<=' if passed else '>'} {limit} ms"
    )
    return Check("latency", milliseconds, limit, passed, sentence, told=False)


def _told(metric: str, each: Slice, margin: float) -> str:
    gain = each.gain
    return (
        f"{metric} gain {gain.value:+.3f} in {each.name} ({each.rows} rows,"
        f" 95 % interval {gain.low:+.3f} to {gain.high:+.3f}) worse than {-margin:g}"
        if gain
        else each.name
    )
