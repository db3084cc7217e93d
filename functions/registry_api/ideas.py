"""Ideas over HTTP: told, tried by runs, concluded; told twice they are kept once."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.registry_api.paging import page_of
from trimtab.api.bodies import ConcludeIdea, IdeaKept, LinkRuns, TellIdea
from trimtab.api.queries import IdeasQuery, Sparse
from trimtab.aws.ideas import Ideas, of_record
from trimtab.aws.table import Stale
from trimtab.domain import ideas as domain
from trimtab.domain.audit import AuditEntry
from trimtab.domain.ideas import Conclusion, Idea, Wanted
from trimtab.errors import Conflict, Fault
from trimtab.http import body_json, caller
from trimtab.query import cut_down, read_query
from trimtab.runtime import Runtime, get_runtime

ATTEMPTS = 8  # each lost race means that another writer got on


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API the routes of ideas."""

    @app.get("/v1/ideas")
    def list_ideas() -> dict[str, Any]:
        return _listed(app)

    @app.get("/v1/ideas/<idea>")
    def show_idea(idea: str) -> dict[str, Any]:
        found = Ideas(get_runtime().table).get(idea)
        return cut_down(found.model_dump(mode="json"), read_query(app, Sparse), Idea)

    @app.post("/v1/ideas")
    def tell_idea() -> dict[str, Any]:
        return _told(get_runtime(), caller(app), body_json(app, TellIdea)).model_dump(mode="json")

    @app.post("/v1/ideas/<idea>/runs")
    def link_runs(idea: str) -> dict[str, Any]:
        actor, asked = caller(app), body_json(app, LinkRuns)
        return _linked(get_runtime(), idea, actor, asked).model_dump(mode="json")

    @app.post("/v1/ideas/<idea>/conclusion")
    def conclude_idea(idea: str) -> dict[str, Any]:
        actor, asked = caller(app), body_json(app, ConcludeIdea)
        return _concluded(get_runtime(), idea, actor, asked).model_dump(mode="json")


def _listed(app: APIGatewayHttpResolver) -> dict[str, Any]:
    query = read_query(app, IdeasQuery)
    said = Conclusion(query.conclusion) if query.conclusion else None
    wanted = Wanted(text=query.q, model=query.model, run=query.run, conclusion=said)
    ideas = Ideas(get_runtime().table)
    return page_of(query, Idea, lambda limit, after: ideas.search(wanted, limit=limit, after=after))


def _told(runtime: Runtime, actor: str, asked: TellIdea) -> IdeaKept:
    ideas, now = Ideas(runtime.table), runtime.clock.now()
    digest = domain.digest_of(asked.hypothesis, asked.model, actor)
    idea = Idea(
        id=domain.id_at(now, digest),
        hypothesis=asked.hypothesis,
        model=asked.model,
        runs=tuple(dict.fromkeys(asked.runs)),
        created_by=actor,
        created_at=now,
    )
    earlier = ideas.newest()
    entry = _entry(runtime, "IdeaTold", actor, idea, before=None, reason=asked.hypothesis)
    kept, created = ideas.add(idea, digest, entry)
    others = [one for one in earlier if one.id != kept.id]
    return IdeaKept(idea=kept, created=created, similar=domain.alike(kept.hypothesis, others))


def _linked(runtime: Runtime, idea_id: str, actor: str, asked: LinkRuns) -> Idea:
    def decide(idea: Idea) -> tuple[Idea, AuditEntry]:
        try:
            after = domain.linked(idea, asked.runs)
        except ValueError as error:
            raise Conflict(str(error), hint="tell a narrower idea for further runs") from error
        reason = asked.reason or f"{len(asked.runs)} runs try it"
        return after, _entry(runtime, "IdeaTried", actor, after, before=idea, reason=reason)

    return _change(runtime, idea_id, decide)


def _concluded(runtime: Runtime, idea_id: str, actor: str, asked: ConcludeIdea) -> Idea:
    def decide(idea: Idea) -> tuple[Idea, AuditEntry]:
        after = domain.concluded(
            idea,
            Conclusion(asked.conclusion),
            actor=actor,
            reason=asked.reason,
            at=runtime.clock.now(),
        )
        entry = _entry(runtime, "IdeaConcluded", actor, after, before=idea, reason=asked.reason)
        return after, entry

    return _change(runtime, idea_id, decide)


def _change(
    runtime: Runtime, idea_id: str, decide: Callable[[Idea], tuple[Idea, AuditEntry]]
) -> Idea:
    """Change an idea on what is read of it, whoever else changes it meanwhile; write nothing that says nothing new."""
    ideas = Ideas(runtime.table)
    for _ in range(ATTEMPTS):
        record = ideas.read(idea_id)
        before = of_record(record)
        after, entry = decide(before)
        if after == before:
            return before
        try:
            ideas.change(record, after, entry)
        except Stale:
            continue
        return after
    raise Fault(f"idea {idea_id} was changed {ATTEMPTS} times by others")


def _entry(
    runtime: Runtime, action: str, actor: str, idea: Idea, *, before: Idea | None, reason: str
) -> AuditEntry:
    told = {"runs", "conclusion"}
    return AuditEntry(
        id=runtime.new_id(),
        model=idea.model or "",
        at=runtime.clock.now(),
        actor=actor,
        action=action,
        subject=f"idea {idea.id}",
        before=before.model_dump(mode="json", include=told) if before else None,
        after=idea.model_dump(mode="json", include=told),
        reason=reason,
    )
