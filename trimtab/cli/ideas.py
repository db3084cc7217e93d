"""`trimtab ideas`: what was believed, what was tried, what came of it."""

from typing import Any

import click

from trimtab.cli import session
from trimtab.cli.command import LIMIT, REASON, Noun
from trimtab.cli.output import cell, head, talk

CONCLUSIONS = click.Choice(["open", "worked", "failed"])
COLUMNS = ["id", "created_at", "model", "conclusion", "runs", "hypothesis"]


@click.group(cls=Noun)
def ideas() -> None:
    """Ideas, the runs that try them, and what came of them."""


@ideas.command(example='trimtab ideas tell "wind gusts delay arrivals" --model flight-delays')
@click.argument("hypothesis")
@click.option("--model", help="The model it is about.")
@click.option("--run", "runs", multiple=True, help="A run that tries it; may be repeated.")
def tell(hypothesis: str, model: str | None, runs: tuple[str, ...]) -> None:
    """Tell an idea, and see earlier ones that are like it."""
    body: dict[str, Any] = {"hypothesis": hypothesis, "runs": list(runs)}
    answer = session.api().post("/v1/ideas", body | ({"model": model} if model else {}))
    rows = [{"likeness": one["likeness"], **_row(one["idea"])} for one in answer["similar"]]
    session.show(rows, ["likeness", "id", "conclusion", "hypothesis", "reason"], answer)
    told = "Kept" if answer["created"] else "Kept before"
    alike = f"{len(rows)} earlier ideas are like it" if rows else "no earlier idea is like it"
    talk(f"{told} as {answer['idea']['id']}; {alike}.  Next: trimtab ideas link ID RUN")


@ideas.command("list", example="trimtab ideas list --search weather --conclusion worked")
@click.option("--search", help="Words of the hypothesis or of the conclusion's reason.")
@click.option("--model", help="Only ideas about this model.")
@click.option("--run", help="Only ideas that this run tries.")
@click.option("--conclusion", type=CONCLUSIONS, help="Only ideas with this conclusion.")
@LIMIT
def list_ideas(search: str | None, limit: int, **wanted: str | None) -> None:
    """List ideas, newest first."""
    found = list(session.api().items("/v1/ideas", limit=limit, q=search, **wanted))
    session.show([_row(idea) for idea in found], [*COLUMNS, "reason"], found)
    if not found:
        talk("no idea is that; `trimtab ideas tell` keeps one")


@ideas.command(example="trimtab ideas show 20261109T080000-1f0c2ab94d17")
@click.argument("idea")
def show(idea: str) -> None:
    """Show an idea: hypothesis, runs, conclusion."""
    found = session.api().get(session.below("/v1/ideas", idea))
    if not session.wants_json():
        head(_head(found))
    session.show([{"run": run} for run in found["runs"]], ["run"], found)


@ideas.command(example="trimtab ideas link 20261109T080000-1f0c2ab94d17 9c1f5e0d")
@click.argument("idea")
@click.argument("runs", nargs=-1, required=True)
@click.option("--reason", help="Why these runs try it; stands in the audit trail.")
def link(idea: str, runs: tuple[str, ...], reason: str | None) -> None:
    """Say which runs try an idea."""
    body: dict[str, Any] = {"runs": list(runs)}
    path = session.below("/v1/ideas", idea, "runs")
    _told(session.api().post(path, body | ({"reason": reason} if reason else {})))


@ideas.command(
    example='trimtab ideas conclude 20261109T080000-1f0c2ab94d17 worked --reason "auc +0.02"'
)
@click.argument("idea")
@click.argument("conclusion", type=CONCLUSIONS)
@REASON
def conclude(idea: str, conclusion: str, reason: str) -> None:
    """Say what came of an idea."""
    path = session.below("/v1/ideas", idea, "conclusion")
    _told(session.api().post(path, {"conclusion": conclusion, "reason": reason}))


def _told(idea: dict[str, Any]) -> None:
    if session.wants_json():
        session.show([], [], idea)
    talk(f"{idea['id']} is {idea['conclusion']}, tried by {len(idea['runs'])} runs")


def _row(idea: dict[str, Any]) -> dict[str, Any]:
    return {**idea, "runs": len(idea["runs"])}


def _head(idea: dict[str, Any]) -> dict[str, str]:
    conclusion = [idea["conclusion"], idea["reason"], session.who(idea["concluded_by"])]
    return {
        "Idea": f"{idea['id']}   {cell(idea['model'])}",
        "Hypothesis": idea["hypothesis"],
        "Told": f"{cell(idea['created_at'])}   {session.who(idea['created_by'])}",
        "Conclusion": "   ".join(part for part in conclusion if part),
    }
