"""The pictures of a model's life, as SVG that needs nothing beside it: a metric by window, and how much drifted."""

from collections.abc import Callable, Sequence
from html import escape

from trimtab.domain.life.chapters import Chapter
from trimtab.domain.quality.windows import Interval

WIDTH, LEFT, RIGHT = 960, 54, 10
TOP, PLOT, FOOT = 26, 150, 26  # above the plot are the versions, below it the windows
NAME_ROOM = 74  # pixels that a window's name takes
PAD = 0.08  # of the scale, above and below what is drawn
BARS = 60  # height of the tallest bar
Named = Callable[[Chapter], str]


def timeline(chapters: Sequence[Chapter], metric: str, named: Named) -> str:
    """Draw a metric by window: a point in its interval; the dashed line is what was usual of the version."""
    found = [
        chapter.quality.metrics.get(metric) if chapter.quality else None for chapter in chapters
    ]
    low, high = _scale([one for one in found if one is not None])
    step = (WIDTH - LEFT - RIGHT) / len(chapters)

    def y(value: float) -> float:
        return TOP + PLOT * (high - value) / (high - low)

    drawn = [_bands(chapters, step, PLOT), _grid(low, high, y)]
    line = ""
    for place, (chapter, one) in enumerate(zip(chapters, found, strict=True)):
        if one is None or chapter.quality is None:
            line += " "
            continue
        x = LEFT + (place + 0.5) * step
        line += f"{'M' if not line or line.endswith(' ') else 'L'}{x:.1f} {y(one.value):.1f}"
        if one.usual is not None:
            reach = min(step * 0.42, 30)
            drawn.append(
                f'<path class="u" d="M{x - reach:.1f} {y(one.usual):.1f}h{2 * reach:.1f}"/>'
            )
        drawn.append(f'<path class="i" d="M{x:.1f} {y(one.low):.1f}V{y(one.high):.1f}"/>')
        told = f"{named(chapter)}: {metric} {one.value:.4g} ({one.low:.4g} to {one.high:.4g}), {chapter.quality.state}"
        drawn.append(
            f'<circle class="{chapter.quality.state}" cx="{x:.1f}" cy="{y(one.value):.1f}" r="4">'
            f"<title>{escape(told)}</title></circle>"
        )
    drawn.insert(2, f'<path class="l" d="{line.strip()}"/>' if line.strip() else "")
    label = f"{metric} by window, by labels"
    return _svg(drawn, _names(chapters, step, named, PLOT), PLOT, label)


def drifted(chapters: Sequence[Chapter], named: Named) -> str:
    """Draw how many columns drifted in each window."""
    step = (WIDTH - LEFT - RIGHT) / len(chapters)
    most = max(1, *(len(chapter.window.drifted) for chapter in chapters))
    drawn = [_bands(chapters, step, BARS)]
    for place, chapter in enumerate(chapters):
        count = len(chapter.window.drifted)
        high = max(1.5, count / most * BARS)
        told = f"{named(chapter)}: {', '.join(chapter.window.drifted) or chapter.window.state}"
        drawn.append(
            f'<rect class="{chapter.window.state}" x="{LEFT + (place + 0.2) * step:.1f}" width="{step * 0.6:.1f}" '
            f'y="{TOP + BARS - high:.1f}" height="{high:.1f}"><title>{escape(told)}</title></rect>'
        )
    drawn.append(f'<text x="{LEFT - 8}" y="{TOP + 10}" text-anchor="end">{most}</text>')
    label = "columns that drifted, by window"
    return _svg(drawn, _names(chapters, step, named, BARS), BARS, label)


def _scale(found: Sequence[Interval]) -> tuple[float, float]:
    """From the lowest to the highest that is drawn, and some more."""
    values = [
        value for one in found for value in (one.low, one.high, one.usual) if value is not None
    ]
    low, high = min(values, default=0.0), max(values, default=1.0)
    pad = (high - low) * PAD or abs(high) * PAD or 1.0
    return low - pad, high + pad


def _bands(chapters: Sequence[Chapter], step: float, height: int) -> str:
    """The time of each version, every other one shaded, its number above it."""
    drawn: list[str] = []
    begin = 0
    for place in range(1, len(chapters) + 1):
        version = chapters[begin].window.version
        if place < len(chapters) and chapters[place].window.version == version:
            continue
        x, width = LEFT + begin * step, (place - begin) * step
        shade = "b0" if len(drawn) % 2 else "b1"
        drawn.append(
            f'<rect class="{shade}" x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{height}"/>'
            f'<text x="{x + width / 2:.1f}" y="{TOP - 8}" text-anchor="middle">v{version}</text>'
        )
        begin = place
    return "".join(drawn)


def _grid(low: float, high: float, y: Callable[[float], float]) -> str:
    values = [low + (high - low) * share for share in (0.1, 0.5, 0.9)]
    return "".join(
        f'<path class="a" d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}"/>'
        f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>'
        for value in values
    )


def _names(chapters: Sequence[Chapter], step: float, named: Named, height: int) -> str:
    every = max(1, -(-NAME_ROOM // int(step)))
    return "".join(
        f'<text x="{LEFT + (place + 0.5) * step:.1f}" y="{TOP + height + 18}" text-anchor="middle">'
        f"{escape(named(chapters[place]))}</text>"
        for place in range(0, len(chapters), every)
    )


def _svg(drawn: Sequence[str], names: str, height: int, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {TOP + height + FOOT}" role="img" aria-label="{escape(label, quote=True)}">'
        f"{''.join(drawn)}{names}</svg>"
    )
