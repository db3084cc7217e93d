"""A model's life as the API tells it, and as a terminal shows it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from trimtab.client.api import Api
from trimtab.domain.audit import AuditEntry
from trimtab.domain.base import Frozen
from trimtab.domain.life.chapters import Chapter, chapters_of
from trimtab.domain.life.page import USUAL, metrics_of
from trimtab.domain.quality.windows import QualityWindow
from trimtab.domain.watched import WatchedWindow

BLOCKS = " ▏▎▍▌▋▊▉█"  # eighths of a cell
CELLS = 8  # of a bar
Told = TypeVar("Told", bound=Frozen)


def chapters_of_model(
    api: Api, model: str, windows: int, only: Collection[datetime] | None = None
) -> tuple[Chapter, ...]:
    """Return the newest windows of a model that had requests, as chapters of its life.

    Args:
        api: The deployment's.
        model: The model's name.
        windows: How many windows are looked at.
        only: Windows that begin at one of these times; all unless given.
    """
    path = f"/v1/models/{model}"
    found = _all_of(WatchedWindow, api.items(f"{path}/drift", limit=windows))
    if not found:
        return ()
    since: dict[str, Any] = {"from": min(one.start for one in found).isoformat()}
    judged = _all_of(QualityWindow, api.items(f"{path}/quality", limit=windows))
    entries = _all_of(AuditEntry, api.items("/v1/audit", model=model, **since))
    return chapters_of((one for one in found if only is None or one.start in only), judged, entries)


def rows_of(
    chapters: Sequence[Chapter], names: Mapping[datetime, str] | None = None
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a row for each chapter, the oldest first, and the columns; the first metric is drawn as a bar.

    Args:
        chapters: The windows.
        names: What windows are called instead of by their begin.
    """
    metric = next(iter(metrics_of(chapters)), None)
    known = [
        chapter.quality.metrics[metric].value
        for chapter in chapters
        if metric and chapter.quality and metric in chapter.quality.metrics
    ]
    rows = []
    for chapter in chapters:
        window, quality = chapter.window, chapter.quality
        one = quality.metrics.get(metric) if quality and metric else None
        rows.append(
            {
                "window": (names or {}).get(window.start, f"{window.start:%Y-%m-%d %H:%M}"),
                "version": f"v{window.version}",
                "rows": window.rows,
                metric or "metric": one and f"{one.value:.3f} {bar(one.value, known)}",
                "quality": quality.state if quality else "immature",
                "drift": ", ".join(window.drifted) or window.state,
                "done": "; ".join(chapter.acts) or USUAL,
            }
        )
    return rows, list(rows[0])


def bar(value: float, values: Sequence[float]) -> str:
    """Draw a value among others: the least of them is an eighth of a cell, the most a full bar."""
    low, high = min(values), max(values)
    share = (value - low) / (high - low) if high > low else 1.0
    eighths = 1 + round(share * (8 * CELLS - 1))
    return "█" * (eighths // 8) + (BLOCKS[eighths % 8] if eighths % 8 else "")


def _all_of(kind: type[Told], items: Iterable[dict[str, Any]]) -> list[Told]:
    return [kind.model_validate(one, strict=False) for one in items]
