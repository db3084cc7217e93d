"""The pictures of a drift report, as SVG that needs nothing beside it: bars of both, and how far in each window."""

from collections.abc import Sequence
from html import escape

from trimtab.domain.drift.report import Bin, Mark

WIDTH, HEIGHT, BASE = 560, 150, 128  # the bars stand on BASE; below it are the names
SHOWN = 24  # bins; of more levels those that moved most
PLOT = 120  # height of the tallest bar
NAME_ROOM = 62  # pixels that a bin's name takes
SPARK_WIDTH, SPARK_HEIGHT, SPARK_BAR = 8, 24, 6
LONGEST = 10  # characters of a name under a bar
TALLEST = 4.0  # floors; what is further is drawn as far


def shown_bins(bins: Sequence[Bin], *, in_order: bool) -> tuple[Bin, ...]:
    """Return what is drawn: all bins of numbers, of levels those that moved most where they are many."""
    if in_order or len(bins) <= SHOWN:
        return tuple(bins)
    mine, theirs = _rows(bins)
    ranked = sorted(bins, key=lambda one: -abs(one.reference / mine - one.window / theirs))
    return tuple(ranked[:SHOWN])


def bars(bins: Sequence[Bin], whole: Sequence[Bin], label: str) -> str:
    """Draw the shares of both: the reference broad and pale, the window narrow and strong before it."""
    mine, theirs = _rows(whole)
    shares = [(one.reference / mine, one.window / theirs) for one in bins]
    top = max(0.01, *(max(pair) for pair in shares))
    step = WIDTH / len(bins)
    pale, strong = [], []
    for place, (ours, live) in enumerate(shares):
        pale.append(_bar(place * step + step * 0.08, step * 0.84, ours / top))
        strong.append(_bar(place * step + step * 0.28, step * 0.44, live / top))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label, quote=True)}">'
        f'<path class="r" d="{"".join(pale)}"/><path class="w" d="{"".join(strong)}"/>'
        f'<path class="a" d="M0 {BASE}H{WIDTH}"/>'
        f'<text x="0" y="11">{top:.0%}</text>{_names(bins, step)}</svg>'
    )


def spark(marks: Sequence[Mark]) -> str:
    """Draw how far it was in each window, the newest last; the line is the floor."""
    width = SPARK_WIDTH * len(marks)
    line = SPARK_HEIGHT - SPARK_HEIGHT / TALLEST
    drawn: dict[str, str] = {}
    for place, mark in enumerate(marks):
        high = max(1.0, min(mark.weight, TALLEST) / TALLEST * SPARK_HEIGHT)
        kind = "d" if mark.drifting else "f" if mark.fired else "o" if mark.conclusive else "n"
        bar = f"M{place * SPARK_WIDTH} {SPARK_HEIGHT}v{-high:.1f}h{SPARK_BAR}V{SPARK_HEIGHT}z"
        drawn[kind] = drawn.get(kind, "") + bar
    paths = "".join(f'<path class="{kind}" d="{path}"/>' for kind, path in drawn.items())
    return (
        f'<svg class="s" viewBox="0 0 {width} {SPARK_HEIGHT}" width="{width}" height="{SPARK_HEIGHT}" role="img" '
        f'aria-label="effect in the last {len(marks)} windows"><path class="a" d="M0 {line:g}H{width}"/>{paths}</svg>'
    )


def _rows(bins: Sequence[Bin]) -> tuple[int, int]:
    return max(1, sum(one.reference for one in bins)), max(1, sum(one.window for one in bins))


def _bar(x: float, width: float, high: float) -> str:
    return f"M{x:.1f} {BASE}v{-high * PLOT:.1f}h{width:.1f}V{BASE}z"


def _names(bins: Sequence[Bin], step: float) -> str:
    """Name as many bins as there is room for, the first and the last among them."""
    every = max(1, -(-NAME_ROOM // int(step)))
    places = [*range(0, len(bins) - every, every), len(bins) - 1]
    return "".join(
        f'<text x="{_middle(place, step, len(bins)):.0f}" y="{HEIGHT - 6}" text-anchor="{_anchor(place, len(bins), step)}">'
        f"{escape(_short(bins[place].name))}</text>"
        for place in dict.fromkeys(places)
    )


def _middle(place: int, step: float, size: int) -> float:
    return {"start": 0.0, "end": float(WIDTH)}.get(_anchor(place, size, step), (place + 0.5) * step)


def _anchor(place: int, size: int, step: float) -> str:
    if step >= NAME_ROOM or 0 < place < size - 1:
        return "middle"
    return "end" if place else "start"


def _short(name: str) -> str:
    """A bin between two edges is named by the lower one."""
    low = name.partition(" – ")[0]
    return low if len(low) <= LONGEST else low[: LONGEST - 1] + "…"
