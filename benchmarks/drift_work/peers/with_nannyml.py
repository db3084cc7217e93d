"""NannyML: its univariate calculator with its defaults, one chunk a day; prints the alarms of each chunk and column."""

import json
import sys

import numpy as np
import pandas as pd
from nannyml import UnivariateDriftCalculator

tables = np.load(sys.argv[1])
levels = json.loads(sys.argv[2])
frames = []
for part in ("reference", "live"):
    frame = pd.DataFrame(tables[part], columns=[f"f{n}" for n in range(tables[part].shape[1])])
    for place in levels:
        frame[f"f{place}"] = "level " + frame[f"f{place}"].astype(int).astype(str)
    frame["at"] = pd.Timestamp(
        "2025-01-01" if part == "reference" else "2026-01-01"
    ) + pd.to_timedelta(tables[f"{part}_day"], unit="D")
    frames.append(frame)
names = [f"f{n}" for n in range(tables["live"].shape[1])]
calculator = UnivariateDriftCalculator(
    column_names=names,
    treat_as_categorical=[f"f{place}" for place in levels],
    timestamp_column_name="at",
    chunk_period="D",
)
result = calculator.fit(frames[0]).calculate(frames[1]).filter(period="analysis").to_df()
alarms = [
    [bool(result[(name, "jensen_shannon", "alert")].iloc[day]) for name in names]
    for day in range(len(result))
]
print(json.dumps(alarms))
