"""whylogs: both tables profiled, constraints on one profile, drift between them."""

import sys

import pandas as pd
import whylogs as why
from columns import TABLES, every
from whylogs.core.constraints import ConstraintsBuilder
from whylogs.core.constraints.factories import (
    frequent_strings_in_reference_set,
    is_in_range,
    null_percentage_below_number,
)
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

table, files = TABLES[sys.argv[1]], sys.argv[2:]
before, now = (
    why.log(pd.read_csv(file, parse_dates=table["times"])).profile().view() for file in files
)
builder = ConstraintsBuilder(dataset_profile_view=now)
for name in every(table):
    share = table["missing"].get(name, 0) + 1e-9
    builder.add_constraint(null_percentage_below_number(column_name=name, number=share))
for name, (low, high) in table["ranges"].items():
    builder.add_constraint(is_in_range(column_name=name, lower=low, upper=high))
for name, values in table["allowed"].items():
    builder.add_constraint(
        frequent_strings_in_reference_set(column_name=name, reference_set=set(values))
    )
kept = builder.build().validate()
scores = calculate_drift_scores(target_view=now, reference_view=before, with_thresholds=True)
print(kept, len(scores))
