"""pandera on polars, the fastest validator among the peers: missing, range, allowed values, keys; it has no drift."""

import sys

import pandera.polars as pa
import polars as pl
from columns import TABLES, every

table, current = TABLES[sys.argv[1]], pl.read_csv(sys.argv[3], try_parse_dates=True)
columns = {}
for name in every(table):
    checks = []
    if name in table["ranges"]:
        checks.append(pa.Check.in_range(*table["ranges"][name]))
    if name in table["allowed"]:
        checks.append(pa.Check.isin(table["allowed"][name]))
    columns[name] = pa.Column(current.schema[name], checks, nullable=name in table["missing"])
try:
    pa.DataFrameSchema(columns, unique=table["key"]).validate(current, lazy=True)
    print("kept")
except pa.errors.SchemaErrors as error:
    print(str(error)[:300])
