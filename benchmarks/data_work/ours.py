"""Our pass: a file is examined against its contract, profiled, and compared with a stored profile.

`python -m benchmarks.data_work.ours FILE TABLE REFERENCE` checks; with a REFERENCE that is not there, it is written.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.data_work.columns import TABLES
from trimtab.data.examine import examine
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import Contract
from trimtab.domain.distance import distance
from trimtab.domain.model import Data, ModelSpec, Training
from trimtab.domain.profile import Profile

KINDS = {
    "numbers": ColumnType.number,
    "texts": ColumnType.string,
    "times": ColumnType.datetime,
    "flags": ColumnType.boolean,
}


def spec(table: str) -> ModelSpec:
    """The model whose contract the table keeps."""
    told = TABLES[table]
    columns = {}
    for kind, type_ in KINDS.items():
        for name in told[kind]:
            low, high = told["ranges"].get(name, (None, None))
            share = told["missing"].get(name)
            columns[name] = Column(
                type=type_,
                nullable=share is not None,
                missing_share=share,
                minimum=low,
                maximum=high,
                allowed=tuple(told["allowed"][name]) if name in told["allowed"] else None,
            )
    return ModelSpec(
        name=table,
        data=Data(target=told["numbers"][-1]),
        contract=Contract(columns=columns, key=tuple(told["key"])),
        training=Training(entry_point="train.py"),
    )


def check(path: Path, table: str, reference: Path) -> str:
    """Return what was found, in one line."""
    found = examine(path, spec(table), now=datetime.now(UTC))
    if not reference.exists():
        reference.write_text(found.profile.model_dump_json())
        return f"{found.rows} rows profiled"
    before = Profile.model_validate_json(reference.read_text())
    apart = {
        name: distance(before.columns[name], column)
        for name, column in found.profile.columns.items()
    }
    drifted = [name for name, each in apart.items() if each and each.psi_corrected >= 0.1]
    anomalies = ", ".join(f"{each.code} {each.column}" for each in found.anomalies)
    return f"{found.rows} rows; anomalies: {anomalies or 'none'}; drifted: {', '.join(drifted) or 'none'}"


if __name__ == "__main__":
    print(check(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
