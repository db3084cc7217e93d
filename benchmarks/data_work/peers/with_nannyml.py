"""NannyML: missing, unseen and out-of-range values, and univariate drift."""

import sys

import nannyml as nml
import pandas as pd
from columns import TABLES, every

table, files = TABLES[sys.argv[1]], sys.argv[2:]
reference, current = (pd.read_csv(file, parse_dates=table["times"]) for file in files)
texts = table["texts"] + table["flags"]
calculators = (
    nml.MissingValuesCalculator(column_names=every(table), chunk_number=1),
    nml.UnseenValuesCalculator(column_names=table["texts"], chunk_number=1),
    nml.NumericalRangeCalculator(column_names=table["numbers"], chunk_number=1),
    nml.UnivariateDriftCalculator(
        column_names=table["numbers"] + texts,
        treat_as_categorical=texts,
        chunk_number=1,
        continuous_methods=["kolmogorov_smirnov", "wasserstein", "jensen_shannon"],
        categorical_methods=["chi2", "jensen_shannon"],
    ),
)
print([each.fit(reference).calculate(current).to_df().shape[1] for each in calculators])
