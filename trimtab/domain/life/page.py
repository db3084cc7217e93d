"""A model's life as one page that needs nothing beside it: how it did in each window, and what was done about it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape

from trimtab.domain.anomalies import counted
from trimtab.domain.drift.style import STYLE
from trimtab.domain.life.chapters import REFUSED, Chapter, word_of
from trimtab.domain.life.chart import Named, drifted, timeline

DRAWN = 2  # metrics that have a picture
OWN_STYLE = (
    "svg .b0{fill:var(--bg)}svg .b1{fill:var(--card)}.l{fill:none;stroke:var(--win);stroke-width:1.5}"
    ".i{stroke:var(--win);stroke-width:1.5;opacity:.5}.u{stroke:var(--dim);stroke-dasharray:3 3}"
    "svg .ok{fill:var(--win)}svg .breached,svg rect.drift{fill:var(--bad)}svg .insufficient_data,svg .error{fill:var(--warn)}"
    "section>svg{max-width:100%}.b.breached{background:var(--badbg);color:var(--bad)}"
    "ul{margin:0;padding-left:16px}td{vertical-align:top}td:first-child{white-space:nowrap}"
)
STATES = {
    "drift": "drift",
    "ok": "ok",
    "breached": "lost",
    "insufficient_data": "too few",
    "error": "error",
}
USUAL = "as usual"


def life_page(
    model: str, chapters: Sequence[Chapter], names: Mapping[datetime, str] | None = None
) -> str:
    """Return the page.

    Args:
        model: The model's name.
        chapters: Its windows in the order of time, at least one.
        names: What windows are called instead of by the day of their begin.
    """
    called = names or {}

    def named(chapter: Chapter) -> str:
        start = chapter.window.start
        return called.get(start, f"{start:%Y-%m-%d}" + (f" {start:%H} h" if start.hour else ""))

    title = f"{model}: {named(chapters[0])} to {named(chapters[-1])}"
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}{OWN_STYLE}</style></head><body><main>",
            f"<header><h1>{escape(title)}</h1></header><p class=lead>{escape(summary(chapters))}</p>",
            *(
                f"<section><h2>{escape(metric)} <small>by labels; dashed: in the version's evaluation</small></h2>"
                f"{timeline(chapters, metric, named)}</section>"
                for metric in metrics_of(chapters)[:DRAWN]
            ),
            f"<section><h2>drift <small>columns that drifted</small></h2>{drifted(chapters, named)}</section>",
            *_table(chapters, named),
            "<footer><p>Windows without requests are left out. Intervals are of 95 %; rows of one day are taken to hang "
            "together as they did in the evaluation.</p></footer></main></body></html>\n",
        )
    )


def metrics_of(chapters: Sequence[Chapter]) -> tuple[str, ...]:
    """Return the metrics that any window has."""
    return tuple(
        dict.fromkeys(
            name for chapter in chapters if chapter.quality for name in chapter.quality.metrics
        )
    )


def summary(chapters: Sequence[Chapter]) -> str:
    """Say in a sentence or two what came of the windows, and what was done about it."""
    versions = {chapter.window.version for chapter in chapters}
    count = sum(chapter.window.state == "drift" for chapter in chapters)
    lost = sum(
        chapter.quality is not None and chapter.quality.state == "breached" for chapter in chapters
    )
    rows = sum(chapter.window.rows for chapter in chapters)
    found = (
        f"{rows:,} predictions in {counted(len(chapters), 'window')}, by {counted(len(versions), 'version')}; "
        f"{count} drifted, in {lost} the quality was lost."
    )
    entries = [entry for chapter in chapters for entry in chapter.entries]
    actions = Counter(entry.action for entry in entries)
    refused = sum(word_of(entry) == REFUSED for entry in entries)
    done = (
        f"{counted(actions['TrainingRequested'], 'training')}, {refused} refused by the gate; "
        f"{counted(actions['RolloutPromoted'], 'version')} took over, "
        f"{actions['RolloutRolledBack']} stopped or rolled back."
    )
    return f"{found} Done: {done}"


def _table(chapters: Sequence[Chapter], named: Named) -> Iterator[str]:
    shown = metrics_of(chapters)[:DRAWN]
    heads = "".join(f"<th class=n>{escape(name)}" for name in shown)
    yield "<section><h2>what was found, and what was done</h2><div class=wide><table><thead><tr><th>window<th>version"
    yield f"<th class=n>rows<th>drift{heads}<th>quality<th>done</tr></thead><tbody>"
    for chapter in chapters:
        window, quality = chapter.window, chapter.quality
        yield (
            f"<tr><td>{escape(named(chapter))}<td>v{window.version}<td class=n>{window.rows:,}"
            f"<td>{_state(window.state, window.reason)} {escape(', '.join(window.drifted))}"
        )
        for name in shown:
            one = quality.metrics.get(name) if quality else None
            yield f"<td class=n>{'–' if one is None else f'{one.value:.4g}'}"
        yield f"<td>{_state(quality.state, quality.reason) if quality else '–'}<td>{_done(chapter)}"
    yield "</tbody></table></div></section>"


def _state(state: str, reason: str) -> str:
    return f"<span class='b {state}' title=\"{escape(reason, quote=True)}\">{STATES[state]}</span>"


def _done(chapter: Chapter) -> str:
    told = [
        f"<li><b>{escape(word)}</b>: {escape(entry.reason)}"
        for entry in chapter.entries
        if (word := word_of(entry))
    ]
    return (
        f"<details><summary>{escape('; '.join(chapter.acts))}</summary><ul>{''.join(told)}</ul></details>"
        if told
        else USUAL
    )
