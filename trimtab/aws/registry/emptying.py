"""Removes what a registered model that left has left behind; whoever wants its name next goes on with it."""

from collections.abc import Iterator

from trimtab.aws import keys
from trimtab.aws.table import Delete, Record, Table

CHUNK = 50  # records that one transaction removes, each with its pointer in the partition of a run


def empty(table: Table, name: str) -> None:
    """Remove the versions and request keys of a model that is leaving, and last of all its own record."""
    partition = keys.model(name)
    for prefix in (keys.VERSION, keys.KEY):
        while True:
            records, after = table.records(partition, prefix, limit=CHUNK)
            if records:
                table.commit(*_removals(records, name))
            if after is None:
                break
    table.commit(Delete(keys.MODELS, name))


def _removals(records: list[Record], name: str) -> Iterator[Delete]:
    for record in records:
        yield Delete(record.pk, record.sk)
        run_id = record.body.get("run_id")
        if run_id:
            yield Delete(keys.run(run_id), keys.run_version(record.body["version"], name))
