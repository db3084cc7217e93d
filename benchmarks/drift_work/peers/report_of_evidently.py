"""Evidently: its drift preset of two files, and its page."""

import sys
from pathlib import Path

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

reference, live = (pd.read_csv(file) for file in sys.argv[1:3])
numbers = list(reference.select_dtypes("number").columns)
definition = DataDefinition(
    numerical_columns=numbers,
    categorical_columns=[name for name in reference.columns if name not in numbers],
)
before, now = (Dataset.from_pandas(each, data_definition=definition) for each in (reference, live))
told = Report([DataDriftPreset()]).run(now, before)
told.save_html(str(Path(sys.argv[1]).with_name("evidently.html")))
print(len(told.dict()["metrics"]))
