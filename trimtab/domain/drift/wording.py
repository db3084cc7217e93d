"""The sentences of a report: why it fired, or why it did not, with the numbers."""

from collections.abc import Sequence

from trimtab.domain.anomalies import cut
from trimtab.domain.drift.policy import Rule
from trimtab.domain.drift.report import Aspect, Judgement, State

WHAT: dict[Aspect, str] = {
    "distribution": "distribution",
    "missing": "share without a value",
    "new_levels": "share of new levels",
    "out_of_range": "share outside the baseline's range",
    "constant": "constant",
    "row_count": "number of rows",
}
MEASURES = {"js": "JS", "psi": "PSI", "ks": "KS", "linf": "L∞"}
SMALLEST = 1e-9  # chance that is told; the number itself stands in the report
NAMED = 3  # columns in the one sentence of a report


def sentence(judgement: Judgement, rule: Rule, *, words: str, trouble: str | None) -> str:
    """Return what was found, and the reason."""
    where = cut(judgement.column) + (f" in {cut(judgement.slice)}" if judgement.slice else "")
    what = f"{where}: {WHAT[judgement.aspect]}"
    if trouble is not None:
        return f"{where}: {trouble}"
    if judgement.state == "insufficient_data":
        return (
            f"{what} not judged: {judgement.effective_rows:,.0f} effective rows of {judgement.rows:,}, "
            f"{judgement.needed_rows:,} needed"
        )
    effect, floor = judgement.effect or 0.0, judgement.floor or 0.0
    name = MEASURES.get(judgement.measure, "change")
    told = f"{name} {effect:.3g} {'≥' if effect >= floor else '<'} {floor:.3g}"
    rows = f"{judgement.rows:,} rows"
    if round(judgement.effective_rows) < judgement.rows and judgement.aspect != "row_count":
        rows += f" ({judgement.effective_rows:,.0f} effective)"
    chance = f"chance {likely(judgement.p_adjusted or 0.0)} {_against(judgement, rule)}"
    return f"{what} {_verdict(judgement, rule)}: {told} in {rows}, {chance}; {cut(words)}"


def likely(chance: float) -> str:
    """Return a chance as people read it: what is smaller than one in a billion is no further news."""
    return f"{chance:.2g}" if chance >= SMALLEST else f"< {SMALLEST:.0e}"


def _against(judgement: Judgement, rule: Rule) -> str:
    return f"{'≤' if (judgement.p_adjusted or 0.0) <= rule.q else '>'} {rule.q:.2g}"


def _verdict(judgement: Judgement, rule: Rule) -> str:
    seen = f"in {judgement.fired_windows} of {rule.of} windows"
    if judgement.state == "drift":
        if not judgement.fired:
            return "drifts still, and is not over before it is well below its floor"
        if judgement.is_large or rule.of == 1:
            return "drifts"
        return f"drifts, {seen}"
    if judgement.fired:
        return f"changed, but only {seen} ({rule.fired} needed)"
    return "is as it was"


def summary(state: State, judgements: Sequence[Judgement], rows: int) -> str:
    """Return the window in one sentence."""
    drifted = [one for one in judgements if one.state == "drift"]
    unsure = sum(one.state == "insufficient_data" for one in judgements)
    failed = sum(one.state == "error" for one in judgements)
    asked = f"{len(judgements):,} looked at in {rows:,} rows"
    if unsure:
        asked += f", {unsure:,} with too few rows"
    if failed:
        asked += f", {failed:,} that could not be compared"
    if state == "drift":
        names = list(dict.fromkeys(cut(one.column) for one in drifted))
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"drift in {', '.join(names[:NAMED])}{more}: {drifted[0].sentence} ({asked})"
    if state == "error":
        first = next(one for one in judgements if one.state == "error")
        return f"not all could be compared: {first.sentence} ({asked})"
    if state == "insufficient_data":
        return f"no verdict: too few rows ({asked})"
    return f"no drift ({asked})"
