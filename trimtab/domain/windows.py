"""Which of the accepted batches a dataset version holds."""

from datetime import date

from pydantic import PositiveInt

from trimtab.domain.base import Frozen


class Window(Frozen):
    """Which accepted batches a dataset version holds: those that every limit given here lets in."""

    last: PositiveInt | None = None  # so many of the newest; none: all
    since: date | None = None  # those with rows of this day (UTC) or later; none: all
