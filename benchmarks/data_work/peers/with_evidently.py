"""Evidently: its tests of missing, range, allowed values and duplicates, and its drift preset."""

import sys

import pandas as pd
from columns import TABLES, every
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import (
    DuplicatedRowCount,
    InListValueCount,
    InRangeValueCount,
    MissingValueCount,
)
from evidently.presets import DataDriftPreset
from evidently.tests import eq, lte

table, files = TABLES[sys.argv[1]], sys.argv[2:]
reference, current = (pd.read_csv(file, parse_dates=table["times"]) for file in files)
definition = DataDefinition(
    numerical_columns=table["numbers"],
    categorical_columns=table["texts"] + table["flags"],
    datetime_columns=table["times"],
)
before, now = (
    Dataset.from_pandas(each, data_definition=definition) for each in (reference, current)
)
n = len(current)
checks = [
    *(
        MissingValueCount(column=c, tests=[lte(table["missing"].get(c, 0) * n)])
        for c in every(table)
    ),
    *(
        InRangeValueCount(column=c, left=low, right=high, tests=[lte(n)])
        for c, (low, high) in table["ranges"].items()
    ),
    *(InListValueCount(column=c, values=v, tests=[lte(n)]) for c, v in table["allowed"].items()),
    DuplicatedRowCount(tests=[eq(0)]),
]
checked = Report(checks).run(now, None).dict()
drift = Report([DataDriftPreset()]).run(now, before).dict()
print(len(checked["metrics"]), len(drift["metrics"]))
