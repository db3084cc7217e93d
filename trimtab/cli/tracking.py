"""`trimtab tracking`: what runs have said and the API does not know yet, and how it gets to know."""

from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import Noun
from trimtab.cli.output import talk
from trimtab.errors import OperatorError
from trimtab.tracking import spool_folder
from trimtab.tracking.deployment import Deployment
from trimtab.tracking.journal import Journal, journals
from trimtab.tracking.sender import drain
from trimtab.tracking.server import Away, Refused

COLUMNS = ["journal", "experiment", "run_id", "state", "unsent", "refused", "reason"]


@click.group(cls=Noun)
def tracking() -> None:
    """Runs that are kept on this machine until they are sent."""


@tracking.command(example="trimtab tracking status")
def status() -> None:
    """List the runs kept here: under way, waiting to be sent, or with something that the API refused."""
    rows = [_standing(journal) for journal in journals(spool_folder())]
    session.show(rows, COLUMNS, rows)
    if not rows:
        talk(f"everything is sent; {spool_folder()} is empty")


@tracking.command(example="trimtab tracking sync")
@click.option("--forget-refused", is_flag=True, help="Drop what the API refuses for good.")
def sync(*, forget_refused: bool) -> None:
    """Send what is kept here, now; runs whose process died are ended as killed."""
    found = journals(spool_folder())
    rows = [_sent(journal, forget_refused=forget_refused) for journal in found]
    session.show(rows, COLUMNS, rows)
    unsent = [row for row in rows if row["unsent"]]
    if unsent:
        raise OperatorError(
            f"{len(unsent)} of {len(rows)} runs could not be sent: {unsent[0]['reason']}",
            hint="they are kept; repeat when the API is there",
        )
    talk("everything is sent" if rows else "there was nothing to send")


def _sent(journal: Journal, *, forget_refused: bool) -> dict[str, Any]:
    if forget_refused:
        journal.forget_refused()
    before, reason = _standing(journal), ""
    try:
        if not drain(journal, Deployment(session.api_url() or journal.api_url)):
            reason = "another process sends it"
    except (Away, Refused) as error:
        reason = str(error)
    after = _standing(journal)
    after["reason"] = reason or after["reason"]
    return {**after, "experiment": before["experiment"]}


def _standing(journal: Journal) -> dict[str, Any]:
    """Return what is known of a journal, which may be gone by now since all of it was sent."""
    lines, refused = journal.lines(), journal.refused()
    first = lines[0].record if lines else {}
    unsent = sum(line.end > journal.sent.position for line in lines)
    waits = "waiting" if unsent else ("refused" if refused else "sent")
    return {
        "journal": journal.id,
        "experiment": first.get("experiment", ""),
        "run_id": journal.sent.run_id or first.get("run_id", ""),
        "state": "under way" if lines and journal.under_way() else waits,
        "unsent": unsent,
        "refused": len(refused),
        "reason": refused[0]["refused"] if refused else "",
    }
