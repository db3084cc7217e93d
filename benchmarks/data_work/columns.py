"""The tables' columns and what is expected of them; plain Python, since every peer reads it in its own environment."""

from typing import Any

CARRIERS = "9E AA AS B6 DL EV F9 FL HA MQ OO UA US VX WN YV".split()
GAPS = "dep_time dep_delay arr_time arr_delay tailnum air_time".split()
LEVELS = (2, 5, 20, 100, 1_000, 10_000)


def names(levels: int) -> list[str]:
    """The levels of a made-up column."""
    return [f"c{levels}_{each:05d}" if levels > 20 else f"lvl_{each}" for each in range(levels)]


def _ranges(**ranges: tuple[float, float]) -> dict[str, tuple[float, float]]:
    return ranges


FLIGHTS: dict[str, Any] = {
    "numbers": "year month day dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay flight"
    " air_time distance hour minute".split(),
    "texts": "carrier tailnum origin dest".split(),
    "times": ["time_hour"],
    "flags": [],
    "missing": dict.fromkeys(GAPS, 0.05),
    "ranges": _ranges(
        year=(2013, 2013), month=(1, 12), day=(1, 31), dep_time=(1, 2400), sched_dep_time=(0, 2359),
        dep_delay=(-60, 1500), arr_time=(1, 2400), sched_arr_time=(0, 2359), arr_delay=(-100, 1500),
        flight=(1, 9999), air_time=(15, 800), distance=(0, 5000), hour=(0, 23), minute=(0, 59),
    ),
    "allowed": {"carrier": CARRIERS, "origin": ["EWR", "LGA", "JFK"]},
    "key": ["time_hour", "carrier", "flight"],
}  # fmt: skip
SYNTHETIC: dict[str, Any] = {
    "numbers": "id age count big normal lognormal expo uniform heavy mixture price score".split(),
    "texts": [f"cat{levels}" for levels in LEVELS],
    "times": ["ts"],
    "flags": ["flag"],
    "ranges": _ranges(
        id=(0, 1e9), age=(18, 95), count=(0, 60), big=(0, 2**40), normal=(-10, 10), lognormal=(0, 1e5),
        expo=(0, 1e4), uniform=(0, 1), heavy=(-1e3, 1e3), mixture=(-50, 50), price=(0, 1e4), score=(0, 1),
    ),
    "allowed": {f"cat{levels}": names(levels) for levels in LEVELS[:-1]},
    "key": ["id"],
}  # fmt: skip
SYNTHETIC["missing"] = {
    name: 0.03
    for kind in ("numbers", "texts", "times", "flags")
    for name in SYNTHETIC[kind]
    if name != "id"
}
TABLES = {"flights": FLIGHTS, "synthetic": SYNTHETIC}


def every(table: dict[str, Any]) -> list[str]:
    """All columns of a table."""
    return [*table["numbers"], *table["texts"], *table["times"], *table["flags"]]
