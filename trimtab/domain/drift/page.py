"""The report of a window as one page that needs nothing beside it: the worst first, a picture, the counts behind it."""

from collections.abc import Iterator, Sequence
from html import escape

from trimtab.domain.drift.chart import bars, shown_bins, spark
from trimtab.domain.drift.report import DriftReport, Judgement, Mark
from trimtab.domain.drift.style import STYLE
from trimtab.domain.drift.wording import MEASURES, WHAT, likely

WINDOWS = 24  # of the timeline
TABLED = 100  # levels of which the counts stand on the page
STATES = {
    "drift": "drift",
    "ok": "no drift",
    "insufficient_data": "too few rows",
    "error": "not compared",
}


def drift_page(report: DriftReport, *, title: str, note: str = "") -> str:
    """Return the page.

    Args:
        report: What was found.
        title: What was compared, such as model, version and window.
        note: What was done about it, if anything.
    """
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>Drift: {escape(title)}</title><style>{STYLE}</style></head><body><main>",
            *_head(report, title, note),
            *_table(report, [one for one in report.judgements if _is_news(one)]),
            *(_section(report, one) for one in report.judgements if _is_drawn(one)),
            *_rest(report),
            *_foot(report),
            "</main></body></html>\n",
        )
    )


def _is_drawn(one: Judgement) -> bool:
    """A share that did not move is told in the table; no picture of it says more."""
    return bool(one.bins and one.rows) and (one.aspect == "distribution" or one.state == "drift")


def _head(report: DriftReport, title: str, note: str) -> Iterator[str]:
    yield f'<header><span class="b {report.state}">{STATES[report.state]}</span><h1>{escape(title)}</h1></header>'
    yield f"<p class=lead>{escape(report.sentence)}</p>"
    if note:
        yield f"<p class=note>{escape(note)}</p>"


def _table(report: DriftReport, judgements: Sequence[Judgement]) -> Iterator[str]:
    yield "<div class=wide><table><thead><tr><th>column<th>what<th>state<th class=n>effect<th class=n>floor"
    yield "<th class=n>chance<th class=n>rows<th>windows</tr></thead><tbody>"
    for one in judgements:
        name = escape(one.column) + (f" <i>{escape(one.slice)}</i>" if one.slice else "")
        linked = (
            f'<a href="#j{report.judgements.index(one)}">{name}</a>' if _is_drawn(one) else name
        )
        yield (
            f"<tr><td>{linked}<td>{WHAT[one.aspect]}<td><span class='b {one.state}'>{STATES[one.state]}</span>"
            f"<td class=n>{_number(one.effect)}<td class=n>{_number(one.floor)}<td class=n>{_chance(one)}"
            f"<td class=n>{one.rows:,}<td>{spark(_marks(report, one))}"
        )
    yield "</tbody></table></div>"


def _rest(report: DriftReport) -> Iterator[str]:
    """What did not move, and has no picture."""
    rest = [one for one in report.judgements if not _is_news(one)]
    if rest:
        yield f"<details><summary>{len(rest)} shares that are as they were</summary>"
        yield from _table(report, rest)
        yield "</details>"


def _chance(one: Judgement) -> str:
    return "–" if one.p_adjusted is None else escape(likely(one.p_adjusted))


def _is_news(one: Judgement) -> bool:
    return one.aspect == "distribution" or one.state != "ok" or one.fired


def _section(report: DriftReport, one: Judgement) -> str:
    place = report.judgements.index(one)
    bins = shown_bins(one.bins, in_order=one.sizes is not None and one.sizes.ks is not None)
    label = f"shares of {one.column} in baseline and window, by bin"
    left_out = len(one.bins) - len(bins)
    drawn = (
        f"<p class=q>the {len(bins)} levels that moved most, of {len(one.bins):,}</p>"
        if left_out
        else ""
    )
    return (
        f'<section id="j{place}" class="{one.state}"><h2>{escape(one.column)} <small>{WHAT[one.aspect]}</small></h2>'
        f"<p>{escape(one.sentence)}</p>{bars(bins, one.bins, label)}{drawn}"
        f"<p class=q><b class=kr></b>baseline, {one.reference_rows:,} rows <b class=kw></b>window, {one.rows:,} rows"
        f"{_sizes(one)}</p>{_counts(one)}</section>"
    )


def _sizes(one: Judgement) -> str:
    if one.sizes is None:
        return ""
    sizes = one.sizes
    told = [
        f"JS {sizes.js:.4g} (less chance {sizes.js_corrected:.4g})",
        f"PSI {sizes.psi:.4g} ({sizes.psi_corrected:.4g})",
        f"L∞ {sizes.linf:.4g}",
    ]
    if sizes.ks is not None:
        told.append(f"KS {sizes.ks:.4g}")
    if sizes.w1 is not None:
        told.append(f"moved by {sizes.w1:.3g} standard deviations")
    if sizes.chi_square is not None:
        told.append(f"χ² {sizes.chi_square:.4g}")
    return " · " + " · ".join(told)


def _counts(one: Judgement) -> str:
    rows = "".join(
        f"<tr><td>{escape(each.name)}<td class=n>{each.reference:,}<td class=n>{each.window:,}"
        for each in one.bins[:TABLED]
    )
    more = len(one.bins) - TABLED
    rest = (
        f"<tr><td colspan=3>and {more:,} more, in the JSON form of this report" if more > 0 else ""
    )
    return (
        "<details><summary>counts</summary><table><thead><tr><th>bin<th class=n>baseline<th class=n>window"
        f"</tr></thead><tbody>{rows}{rest}</tbody></table></details>"
    )


def _foot(report: DriftReport) -> Iterator[str]:
    policy, rule = report.policy, report.rule
    yield (
        "<footer><h2>How this was judged</h2><p>A finding needs all four: at least "
        f"{policy.minimum_rows:,} effective rows; a chance, adjusted for everything that was looked at, of at most "
        f"{rule.q:.2g}; an effect, less what chance gives, of at least its floor ({_floors(report)}); and that it shows "
        f"in {rule.fired} of the last {rule.of} windows, unless it is {policy.at_once:g} floors or more with a chance "
        f"of at most {rule.q_at_once:.2g}. It is over when {rule.of} windows were quiet: below {policy.exit_share:.0%} of the floor, "
        "or no surprise. Budget: {policy.budget.false_alarms:g} false alarm in {policy.budget.days:g} days.</p>"
        "<p>Each share is smoothed by half a row per bin that has rows; PSI, JS and the others can be computed again "
        "from the counts above.</p></footer>"
    )


def _floors(report: DriftReport) -> str:
    used = {one.measure: one.floor for one in report.judgements if one.floor}
    return ", ".join(
        f"{MEASURES.get(name, name.replace('_', ' '))} {floor:.3g}"
        for name, floor in sorted(used.items())
    )


def _marks(report: DriftReport, one: Judgement) -> list[Mark]:
    traces = (*report.history, report.trace)[-WINDOWS:]
    absent = Mark(conclusive=False, fired=False, weight=0.0, drifting=False)
    return [trace.marks.get(one.key, absent) for trace in traces]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
