"""What a person can do about each kind of anomaly."""

from trimtab.domain.anomalies import AnomalyCode

AGAIN = "mend the file at its source and put it again"
RULE = "ask the source; if it is real, widen the contract"

REMEDIES: dict[AnomalyCode, str] = {
    AnomalyCode.unknown_model: "put it into the folder of a model, incoming/<model>/",
    AnomalyCode.not_csv_or_parquet: "export it as CSV or JSON lines, saved as UTF-8, or as Parquet",
    AnomalyCode.empty_file: "the export wrote nothing: run it again",
    AnomalyCode.file_too_large: "send it in parts, each with the header",
    AnomalyCode.no_header: "write the column names into the first line, or set contract.header to false",
    AnomalyCode.missing_column: "add the column to the export, or make it nullable or remove it in the contract",
    AnomalyCode.unknown_column: "rename it to what the contract says, or add it to the contract",
    AnomalyCode.duplicate_column: "leave one of the columns of the same name",
    AnomalyCode.field_count: "look at the rows named: a line was cut, or a value with a separator has no quotes",
    AnomalyCode.invalid_encoding: "save the file as UTF-8",
    AnomalyCode.malformed_row: "close or double the quote in the row named",
    AnomalyCode.row_too_long: "close the quote that takes all following lines into one value",
    AnomalyCode.too_few_rows: "the export ended early, or covers less than it should: run it again",
    AnomalyCode.wrong_type: "write the values as the column's type; for a gap, leave the field empty",
    AnomalyCode.missing_value: "fill the gaps, or make the column nullable",
    AnomalyCode.missing_share: "see why the source stopped sending it; if so few are normal, raise missing_share",
    AnomalyCode.below_minimum: f"a unit or a sign may have changed: {RULE}",
    AnomalyCode.above_maximum: f"a unit may have changed: {RULE}",
    AnomalyCode.not_allowed: "a new spelling is mended at the source; a truly new value goes into allowed",
    AnomalyCode.too_long: "two values may have run together; if not, raise longest",
    AnomalyCode.not_unique: "rows were exported twice, or the key is not one",
    AnomalyCode.duplicate_rows: "a part was exported twice: leave the second out",
    AnomalyCode.too_many_rows: "files were joined: send each by itself",
    AnomalyCode.constant: "the source repeats its last value or a default: see whether it still measures",
    AnomalyCode.mean_outside: f"a unit, a column or the population changed: {RULE}",
    AnomalyCode.rule_broken: "columns contradict each other: look at the rows named",
    AnomalyCode.hour_outside: "times are in another time zone than the contract's: write them in UTC",
    AnomalyCode.future_time: "the clock or the time zone of the source is wrong",
    AnomalyCode.stale: "an old file was sent again, or the source stopped",
    AnomalyCode.span_outside: "the export covers another period than it should: run it again",
    AnomalyCode.time_gap: "a part of the period is missing: export it again",
    AnomalyCode.row_count_changed: "the export ended early, or covers more than one period",
    AnomalyCode.missing_rose: "see why the source stopped sending the values",
    AnomalyCode.mean_shifted: f"a unit, a column or the population changed: {RULE}",
    AnomalyCode.levels_shifted: f"a part of the rows is missing, or the coding changed: {RULE}",
}


def remedy(code: AnomalyCode) -> str:
    """Say what to do about an anomaly of this kind."""
    return REMEDIES.get(code, AGAIN)
