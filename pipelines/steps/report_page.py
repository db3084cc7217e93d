"""evaluation.html: what a person needs to see of an evaluation, on one page that needs nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

SIDE = 260  # pixels of a plot
COLOURS = {"challenger": "#d97706", "champion": "#1f6feb"}
SHOWN_SLICES, SHOWN_FEATURES = 30, 30
STYLE = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1.05rem;margin-top:2rem}.verdict{border-left:6px solid;padding:.5rem 1rem}
.passed{border-color:#2e7d32}.refused{border-color:#c62828}table{border-collapse:collapse;width:100%}
td,th{padding:.25rem .6rem;border-bottom:1px solid #8884;text-align:left}.n{text-align:right;
font-variant-numeric:tabular-nums}.bar{background:#d97706;height:.7rem}figure{display:inline-block;margin:0 1rem 1rem 0}
"""

Report = Mapping[str, Any]
Row = Sequence[object]


def page(model: str, report: Report) -> str:
    """Return the page: the verdict first, then the checks, the metrics, the slices and what the model hangs on."""
    body = "\n".join(_body(model, report))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(model)}: evaluation</title>'
        f"<style>{STYLE}</style><body>\n{body}\n</body></html>\n"
    )


def _body(model: str, report: Report) -> Iterator[str]:
    gate, champion = report["gate"], report["champion"]
    word = "passed" if gate["passed"] else "refused"
    mark = "✔" if gate["passed"] else "✖"
    beside = f", beside version {champion['version']}" if champion else ""
    yield f"<h1>{escape(model)}: a challenger on {report['rows']:,} rows{beside}</h1>"
    yield f'<p class="verdict {word}"><b>{mark} {word}</b><br>{escape(gate["sentence"])}</p>'
    yield "<h2>Checks</h2>"
    yield _table(("", "check", "what was seen"), _checks(gate["checks"]))
    if report["metrics"]:
        yield "<h2>Metrics, with 95 % intervals</h2>"
        yield _table(("metric", "challenger", "champion"), _metrics(report), numbers=(1, 2))
    if report["mcnemar"]:
        yield f"<p>Of answers: {escape(report['mcnemar']['sentence'])}.</p>"
    yield from _slices(report["slices"])
    yield from _plots(report["curves"])
    yield from _attribution(report["attribution"])


def _checks(checks: Sequence[Report]) -> Iterator[Row]:
    for each in sorted(checks, key=lambda check: bool(check["passed"])):
        yield "✔" if each["passed"] else "✖", each["name"], each["sentence"]


def _metrics(report: Report) -> Iterator[Row]:
    other = (report["champion"] or {}).get("metrics", {})
    for name, value in report["metrics"].items():
        yield name, _interval(value), _interval(other.get(name))


def _slices(slices: Sequence[Report]) -> Iterator[str]:
    if not slices:
        return
    yield "<h2>Slices, worst first</h2>"
    rows = [
        (
            each["slice"],
            each["verdict"],
            f"{each['rows']:,}",
            _number(each["value"]),
            _interval(each["gain"]),
        )
        for each in slices[:SHOWN_SLICES]
    ]
    yield _table(
        ("slice", "verdict", "rows", "metric", "gain over the champion"), rows, numbers=(2, 3, 4)
    )
    if len(slices) > SHOWN_SLICES:
        yield f"<p>{len(slices) - SHOWN_SLICES} more in evaluation.json.</p>"


def _plots(curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]]) -> Iterator[str]:
    titles = {
        "roc": "ROC: true over false positive rate",
        "calibration": "Calibration: observed over predicted",
        "residuals": "Residuals: observed minus predicted, over predicted",
    }
    drawn = [(titles[name], series) for name, series in curves.items() if series]
    if drawn:
        yield "<h2>Curves</h2>"
    for title, series in drawn:
        yield f"<figure>{_svg(title, series)}<figcaption>{escape(title)}</figcaption></figure>"
    if drawn:
        names = (f'<span style="color:{colour}">■</span> {who}' for who, colour in COLOURS.items())
        yield f"<p>{' · '.join(names)}</p>"


def _svg(title: str, series: Mapping[str, Sequence[Sequence[float]]]) -> str:
    points = [point for each in series.values() for point in each]
    residuals = title.startswith("Residuals")
    (left, right), (low, high) = (
        _range([p[axis] for p in points], unit=not residuals) for axis in (0, 1)
    )

    def place(point: Sequence[float]) -> str:
        across = (point[0] - left) / (right - left) * SIDE
        return f"{across:.1f},{SIDE - (point[1] - low) / (high - low) * SIDE:.1f}"

    parts = [f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#888"/>']
    guide = ((left, 0.0), (right, 0.0)) if residuals else ((0.0, 0.0), (1.0, 1.0))
    parts.append(_line([place(each) for each in guide], "#8888"))
    for who, each in series.items():
        places = [place(point) for point in each]
        parts += _dots(places, COLOURS[who]) if residuals else [_line(places, COLOURS[who])]
    return f'<svg width="{SIDE}" height="{SIDE}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def _range(values: Sequence[float], *, unit: bool) -> tuple[float, float]:
    if unit:
        return 0.0, 1.0
    low, high = min(values), max(values)
    return (low, high) if high > low else (low, low + 1)


def _line(places: Sequence[str], colour: str) -> str:
    return f'<polyline points="{" ".join(places)}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _dots(places: Sequence[str], colour: str) -> list[str]:
    split = (place.split(",") for place in places)
    return [f'<circle cx="{x}" cy="{y}" r="2" fill="{colour}" opacity=".5"/>' for x, y in split]


def _attribution(told: Report | None) -> Iterator[str]:
    if not told or not told["features"]:
        return
    yield f"<h2>What the answers hang on: loss of {escape(told['metric'])} when a feature is shuffled</h2>"
    most = max(*told["features"].values(), 1e-12)
    rows = [
        f'<tr><td>{escape(name)}</td><td class="n">{loss:+.4f}</td><td style="width:50%">'
        f'<div class="bar" style="width:{max(loss, 0) / most * 100:.0f}%"></div></td></tr>'
        for name, loss in list(told["features"].items())[:SHOWN_FEATURES]
    ]
    yield f"<table>{''.join(rows)}</table>"


def _table(
    head: Sequence[str], rows: Iterator[Row] | Sequence[Row], numbers: Sequence[int] = ()
) -> str:
    def cell(at: int, value: object, tag: str) -> str:
        kind = ' class="n"' if at in numbers else ""
        return f"<{tag}{kind}>{escape(str(value))}</{tag}>"

    top = "".join(cell(at, each, "th") for at, each in enumerate(head))
    lines = ["".join(cell(at, each, "td") for at, each in enumerate(row)) for row in rows]
    return f"<table><tr>{top}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _interval(told: Report | None) -> str:
    return f"{told['value']:.4f} ({told['low']:.4f} to {told['high']:.4f})" if told else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
