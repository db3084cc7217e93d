"""What can happen to a month of flights on its way that a person would call broken."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Broken = Any  # a frame, or the bytes of a file


def csv(frame: pd.DataFrame) -> bytes:
    """The file of a month."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _swapped(one: str, two: str) -> Callable[[pd.DataFrame], Broken]:
    return lambda f: f.rename(columns={one: two, two: one})


def _with(**columns: Callable[[pd.DataFrame], object]) -> Callable[[pd.DataFrame], Broken]:
    return lambda f: f.assign(**columns)


def _times(frame: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(frame["scheduled_at"], utc=True)


def _text(times: pd.Series, form: str = "%Y-%m-%dT%H:%M:%SZ") -> pd.Series:
    return times.dt.strftime(form)


def _later(**by: int) -> Callable[[pd.DataFrame], Broken]:
    return _with(scheduled_at=lambda f: _text(_times(f) + pd.Timedelta(**by)))


def _is_day(frame: pd.DataFrame, day: int) -> pd.Series:
    return _times(frame).dt.day == day


def _cut_in_a_line(frame: pd.DataFrame) -> bytes:
    body = csv(frame)
    return body[: int(len(body) * 0.6) // 100 * 100 + 37]


def _carriers_next_to_other_rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(scheduled_at=np.roll(frame["scheduled_at"], 7))


MUTATIONS: dict[str, Callable[[pd.DataFrame], Broken]] = {
    "temperature and humidity swapped": _swapped("temp", "humid"),
    "origin and destination swapped": _swapped("origin", "dest"),
    "minute and distance swapped": _swapped("scheduled_minute", "distance"),
    "temperature in Celsius": _with(temp=lambda f: (f["temp"] - 32) / 1.8),
    "distance in kilometres": _with(distance=lambda f: (f["distance"] * 1.609).round().astype(int)),
    "wind in metres per second": _with(wind_speed=lambda f: f["wind_speed"] * 0.447),
    "pressure in inches of mercury": _with(pressure=lambda f: f["pressure"] * 0.02953),
    "rain in millimetres": _with(precip=lambda f: f["precip"] * 25.4),
    "humidity as a share": _with(humid=lambda f: f["humid"] / 100),
    "local time written as UTC": _later(hours=-4),
    "times two hours late": _later(hours=2),
    "times twelve hours off": _later(hours=12),
    "the year misread": _with(scheduled_at=lambda f: f["scheduled_at"].str.replace("2013", "2031")),
    "dates as day/month/year": _with(scheduled_at=lambda f: _text(_times(f), "%d/%m/%Y %H:%M")),
    "times without minutes": _with(scheduled_at=lambda f: _text(_times(f).dt.floor("h"))),
    "the file cut off within a line": _cut_in_a_line,
    "the file cut off after a line": lambda f: f.head(int(len(f) * 0.7)),
    "one row in ten only": lambda f: f.iloc[::10],
    "a day twice": lambda f: pd.concat([f, f[_is_day(f, 14)]]),
    "a day missing": lambda f: f[~_is_day(f, 14)],
    "the whole file twice": lambda f: pd.concat([f, f]),
    "two months in one file": lambda f: pd.concat([f, f.assign(scheduled_at=_text(_times(f) + pd.Timedelta(days=28)))]),
    "no temperature at all": _with(temp=lambda f: None),
    "no origin at all": _with(origin=lambda f: None),
    "pressure missing in half of the rows": _with(pressure=lambda f: f["pressure"].where(f.index % 2 == 0)),
    "gaps filled with -999": _with(temp=lambda f: f["temp"].where(f.index % 1000 != 3, -999)),
    "gaps filled with zero": _with(pressure=lambda f: f["pressure"].fillna(0)),
    "the temperature stuck": _with(temp=lambda f: 71.96),
    "an airport spelt anew": _with(origin=lambda f: f["origin"].replace("JFK", "J.F.K.")),
    "carriers in small letters": _with(carrier=lambda f: f["carrier"].str.lower()),
    "spaces after airports": _with(dest=lambda f: f["dest"] + " "),
    "a carrier's flights missing": lambda f: f[f["carrier"] != "UA"],
    "all flights of one carrier": _with(carrier=lambda f: "UA"),
    "the target turned round": _with(late=lambda f: 1 - f["late"]),
    "the target never 1": _with(late=lambda f: 0),
    "the target in minutes": _with(late=lambda f: f["late"] * 27),
    "weekdays from 1 to 7": _with(weekday=lambda f: f["weekday"] + 1),
    "weeks that begin on Sunday": _with(weekday=lambda f: (f["weekday"] + 1) % 7),
    "times beside other rows": _carriers_next_to_other_rows,
    "a column renamed": lambda f: f.rename(columns={"dest": "destination"}),
    "no header": lambda f: f.to_csv(index=False, header=False).encode(),
    "decimal commas": lambda f: f.to_csv(index=False, sep=";", decimal=",").encode(),
    "text for numbers": _with(distance=lambda f: f["distance"].astype(str) + " mi"),
}  # fmt: skip
