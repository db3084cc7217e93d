"""NannyML: its univariate calculator with its defaults on two files, the live rows as one chunk."""

import sys

import pandas as pd
from nannyml import UnivariateDriftCalculator

reference, live = (pd.read_csv(file) for file in sys.argv[1:3])
names = list(reference.columns)
calculator = UnivariateDriftCalculator(column_names=names, chunk_number=10)
told = calculator.fit(reference).calculate(live).to_df()
print(len(told))
