"""Great Expectations: missing, range, allowed values, keys; it has no drift."""

import sys

import great_expectations as gx
import great_expectations.expectations as expect
import pandas as pd
from columns import TABLES, every

table = TABLES[sys.argv[1]]
current = pd.read_csv(sys.argv[3], parse_dates=table["times"])
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
source = context.data_sources.add_pandas("tables").add_dataframe_asset("current")
batch = source.add_batch_definition_whole_dataframe("whole")
suite = gx.ExpectationSuite(
    name="contract",
    expectations=[
        *(
            expect.ExpectColumnValuesToNotBeNull(column=c, mostly=1 - table["missing"].get(c, 0))
            for c in every(table)
        ),
        *(
            expect.ExpectColumnValuesToBeBetween(column=c, min_value=low, max_value=high)
            for c, (low, high) in table["ranges"].items()
        ),
        *(
            expect.ExpectColumnValuesToBeInSet(column=c, value_set=v)
            for c, v in table["allowed"].items()
        ),
        expect.ExpectColumnValuesToBeUnique(column=table["key"][0])
        if len(table["key"]) == 1
        else expect.ExpectCompoundColumnsToBeUnique(column_list=table["key"]),
    ],
)
found = batch.get_batch(batch_parameters={"dataframe": current}).validate(
    context.suites.add(suite), result_format="BOOLEAN_ONLY"
)
print(found.success, len(found.results))
