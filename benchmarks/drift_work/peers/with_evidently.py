"""Evidently: its drift preset with its defaults, one run a day; prints the alarms of each day and column."""

import json
import sys

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

tables = np.load(sys.argv[1])
levels = json.loads(sys.argv[2])
names = [f"f{n}" for n in range(tables["live"].shape[1])]
texts = [f"f{place}" for place in levels]
definition = DataDefinition(
    numerical_columns=[name for name in names if name not in texts], categorical_columns=texts
)


def dataset(values):
    frame = pd.DataFrame(values, columns=names)
    for name in texts:
        frame[name] = "level " + frame[name].astype(int).astype(str)
    return Dataset.from_pandas(frame, data_definition=definition)


reference = dataset(tables["reference"])
alarms = []
for day in np.unique(tables["live_day"]):
    live = dataset(tables["live"][tables["live_day"] == day])
    told = Report([DataDriftPreset()]).run(live, reference).dict()["metrics"]
    drifted = {}
    for metric in told:
        config = metric.get("config", {})
        if config.get("type", "").endswith("ValueDrift"):
            value, limit, method = float(metric["value"]), config["threshold"], config["method"]
            drifted[config["column"]] = value < limit if "p_value" in method else value >= limit
    alarms.append([bool(drifted[name]) for name in names])
print(json.dumps(alarms))
