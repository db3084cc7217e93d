"""An evaluation's curves as small SVG files that need nothing else: ROC, calibration, residuals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

WIDTH, HEIGHT, MARGIN = 420, 340, 48
COLOURS = (
    "#1f6feb",
    "#d97706",
)  # the challenger's, the champion's; told apart by those who see no red or green too
TICKS = 5
PAIR = 2


@dataclass(frozen=True)
class Kind:
    """What a plot of curves shows."""

    title: str
    across: str
    up: str
    diagonal: bool = False  # whether y = x means something: chance, or perfect calibration
    level: bool = False  # the same of y = 0
    dots: bool = False  # points, not a line


KINDS = {
    "roc": Kind("ROC", "false positive rate", "true positive rate", diagonal=True),
    "calibration": Kind("Calibration", "predicted", "observed", diagonal=True),
    "residuals": Kind("Residuals", "predicted", "observed - predicted", level=True, dots=True),
}

Point = tuple[float, float]


def plots_of(report: Mapping[str, Any] | None) -> dict[str, str]:
    """Return an SVG for each kind of curve that a report has, by its name."""
    curves = (report or {}).get("curves")
    if not isinstance(curves, Mapping):
        return {}
    found = {name: _series(curves.get(name)) for name in KINDS}
    return {name: _svg(KINDS[name], series) for name, series in found.items() if series}


def _series(told: Any) -> dict[str, list[Point]]:
    """The points of each model's curve: `{"challenger": [[x, y], …]}`."""
    if not isinstance(told, Mapping):
        return {}
    series = {str(who): list(_points(points)) for who, points in told.items()}
    return {who: points for who, points in series.items() if points}


def _points(told: Any) -> Iterator[Point]:
    for one in told if isinstance(told, Sequence) else ():
        if isinstance(one, Sequence) and len(one) >= PAIR:
            x, y = one[:PAIR]
            if isinstance(x, int | float) and isinstance(y, int | float):
                yield float(x), float(y)


@dataclass(frozen=True)
class Frame:
    """The part of the plane that is shown."""

    left: float
    right: float
    bottom: float
    top: float

    def at(self, x: float, y: float) -> str:
        """Return where a point is on the picture."""
        across = MARGIN + (x - self.left) / (self.right - self.left) * (WIDTH - 2 * MARGIN)
        down = (
            HEIGHT - MARGIN - (y - self.bottom) / (self.top - self.bottom) * (HEIGHT - 2 * MARGIN)
        )
        return f"{across:.1f},{down:.1f}"


def _frame(kind: Kind, points: Sequence[Point]) -> Frame:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    if (
        kind.diagonal
    ):  # both are shares: one scale for all runs, so that two pictures can be compared
        return Frame(0.0, 1.0, 0.0, 1.0)
    low, high = min(*ys, 0.0), max(*ys, 0.0)
    return Frame(
        min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1, low, high if high > low else low + 1
    )


def _svg(kind: Kind, series: Mapping[str, Sequence[Point]]) -> str:
    frame = _frame(kind, [point for points in series.values() for point in points])
    parts = [*_axes(kind, frame)]
    for number, (who, points) in enumerate(series.items()):
        parts += _drawn(kind, frame, points, COLOURS[number % len(COLOURS)])
        parts += _legend(number, who)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="{escape(kind.title)}">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _axes(kind: Kind, frame: Frame) -> Iterator[str]:
    yield f'<text x="{WIDTH / 2}" y="20" text-anchor="middle" font-size="14">{escape(kind.title)}</text>'
    yield f'<text x="{WIDTH / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(kind.across)}</text>'
    yield (
        f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {HEIGHT / 2})">{escape(kind.up)}</text>'
    )
    for step in range(TICKS):
        share = step / (TICKS - 1)
        x = frame.left + share * (frame.right - frame.left)
        y = frame.bottom + share * (frame.top - frame.bottom)
        across, down = (
            frame.at(x, frame.bottom).split(",")[0],
            frame.at(frame.left, y).split(",")[1],
        )
        yield f'<text x="{across}" y="{HEIGHT - MARGIN + 14}" text-anchor="middle">{x:.3g}</text>'
        yield f'<text x="{MARGIN - 5}" y="{down}" text-anchor="end" dy="4">{y:.3g}</text>'
    yield _line(frame, ((frame.left, frame.bottom), (frame.right, frame.bottom)), "#888")
    yield _line(frame, ((frame.left, frame.bottom), (frame.left, frame.top)), "#888")
    if kind.diagonal:
        yield _line(frame, ((0, 0), (1, 1)), "#bbb")
    if kind.level:
        yield _line(frame, ((frame.left, 0), (frame.right, 0)), "#bbb")


def _drawn(kind: Kind, frame: Frame, points: Sequence[Point], colour: str) -> Iterator[str]:
    if not kind.dots:
        yield _line(frame, points, colour, 2)
        return
    for x, y in points:
        across, down = frame.at(x, y).split(",")
        yield f'<circle cx="{across}" cy="{down}" r="2" fill="{colour}" fill-opacity="0.5"/>'


def _line(frame: Frame, points: Sequence[Point], colour: str, width: int = 1) -> str:
    path = " ".join(frame.at(x, y) for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _legend(number: int, who: str) -> Iterator[str]:
    y = HEIGHT - MARGIN - 12 - 16 * number
    colour = COLOURS[number % len(COLOURS)]
    yield f'<rect x="{WIDTH - 140}" y="{y - 8}" width="10" height="10" fill="{colour}"/>'
    yield f'<text x="{WIDTH - 125}" y="{y + 1}">{escape(who[:20])}</text>'
