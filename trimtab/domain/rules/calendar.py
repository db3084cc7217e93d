"""Parts of times, computed alike for one Python number and for an array of numpy, in UTC."""

from collections.abc import Callable, Mapping
from typing import Any

MICROSECOND = 1.0
SECOND = 1e6
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND


def _civil(days: Any) -> tuple[Any, Any, Any]:
    """Year, month and day of a number of days since 1970: whole-number arithmetic over eras of 400 years."""
    days = days + 719_468
    era = days // 146_097
    of_era = days - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153  # counted from March
    day = of_year - (153 * month + 2) // 5 + 1
    turned = month // 10  # 1 in January and February, which end the year that began in March
    return year + era * 400 + turned, month + 3 - 12 * turned, day


PARTS: Mapping[str, Callable[[Any], Any]] = {
    "year": lambda time: _civil(time // DAY)[0],
    "month": lambda time: _civil(time // DAY)[1],
    "day": lambda time: _civil(time // DAY)[2],
    "weekday": lambda time: (time // DAY + 3) % 7,  # 1970 began on a Thursday
    "hour": lambda time: time // HOUR % 24,
    "minute_of_day": lambda time: time // MINUTE % 1440,
}
SPANS = {"days": DAY, "hours": HOUR, "minutes": MINUTE, "seconds": SECOND}
