"""Needs attention: what asks for a person, why, and what can be done about it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app.access import Operator, Viewer
from hamgam.app.attention import (
    MOST_NOTE,
    Candidate,
    Shown,
    candidates,
    contacts_of,
    listed,
    name_then,
    note_of,
    query_of,
    shown,
    uuid_of,
)
from hamgam.app.context import WebContext
from hamgam.app.evidence import ask_finance, side_by_side
from hamgam.app.forms import Form, form_of
from hamgam.app.masking import as_seen_by
from hamgam.app.pages.shell import page
from hamgam.jobs import acting
from hamgam.jobs.acting import Act
from hamgam.jobs.declining import Declined, Why
from hamgam.model import EntityType, Stream
from hamgam.people.roles import Person
from hamgam.trail import bulk, bulk_progress, worklist
from hamgam.trail.attention import Asked
from hamgam.trail.log import ATTENTION
from hamgam.trail.worklist import Together

Doing = Callable[[UUID, Form, UUID | None], Awaitable[None]]
DONE = ("retried", "settled", "dismissed", "released", "cancelled")
_LATEST = 3


def attention_page(context: WebContext) -> APIRouter:
    router = APIRouter(prefix="/attention")

    @router.get("")
    async def show(request: Request, person: Viewer) -> Response:
        return await _list(context, request, person)

    @router.get("/{log_id}")
    async def show_one(request: Request, log_id: str, person: Viewer) -> Response:
        return await _one(context, request, log_id, person)

    router.include_router(_actions(context))
    return router


async def _list(context: WebContext, request: Request, person: Person) -> Response:
    try:
        query = query_of(request.query_params)
    except ValueError as error:
        return refused(request, 400, "query", str(error))
    db = context.db
    bulks = await bulk.latest(db, _LATEST)
    done = request.query_params.get("done", "")
    return page(
        request,
        "attention.html",
        query=query,
        here_first=replace(query, after=None),
        page=await listed(db, query, person),
        groups=await worklist.groups(db),
        count=await worklist.count(db, query.wanted),
        together={what: await worklist.count_fit(db, what, query.wanted) for what in Together},
        held=await worklist.held(db),
        percent=context.settings.max_change_percent,
        bulks=bulks,
        progress=await bulk_progress.progress(db, [action.id for action in bulks]),
        statuses=ATTENTION,
        types=list(EntityType),
        done=done if done in DONE else "",
        settled=await _settled(context, request.query_params.get("settled", ""), person),
        now=context.clock(),
        Act=Act,
    )


async def _settled(context: WebContext, log_id: str, person: Person) -> Shown | None:
    """The row that this person has just settled, to say what was recorded."""
    row = await row_of(context, log_id)
    seen = shown(row, person) if row is not None else None
    return seen if seen and seen.resolution.keys() & {"exists", "absent"} else None


async def row_of(context: WebContext, log_id: str) -> Row[Any] | None:
    wanted = uuid_of(log_id)
    return await worklist.row(context.db, wanted) if wanted else None


async def _one(context: WebContext, request: Request, log_id: str, person: Person) -> Response:
    row = await row_of(context, log_id)
    if row is None:
        return refused(request, 404, Why.UNKNOWN)
    return await row_page(context, request, person, row)


async def row_page(
    context: WebContext,
    request: Request,
    person: Person,
    row: Row[Any],
    *,
    status: int = 200,
    typed: str = "",
    wrong: str = "",
) -> HTMLResponse:
    """A row with what can be done. `typed` stands in the field again, beside what is `wrong` with it."""
    customer_id, codes = contacts_of(row)
    asked = bool(codes) and request.query_params.get("ask") == "finance"
    finance = await ask_finance(context, person, customer_id, codes) if asked else None
    seen, named = shown(row, person), await candidates(context.db, row, person)
    is_customer = row.entityType == EntityType.CUSTOMER
    return page(
        request,
        "attention_row.html",
        status,
        row=seen,
        later=await worklist.later(context.db, row),
        name_then=await name_then(context.db, row, seen.document, person),
        candidates=named,
        columns=named if is_customer else [Candidate(code, "", None) for code in codes],
        lines=side_by_side(as_seen_by(person, row._asdict()) if is_customer else {}, codes, finance),
        asked=asked,
        finance=finance,
        contacts={contact.code: contact for contact in finance.contacts} if finance else {},
        back=kept(request.query_params),
        typed=typed,
        wrong=wrong,
        most_note=MOST_NOTE,
        now=context.clock(),
        Act=Act,
    )


def _actions(context: WebContext) -> APIRouter:
    router, db, clock = APIRouter(), context.db, context.clock

    @router.post("/{log_id}/retry")
    async def retry(request: Request, log_id: str, person: Operator) -> Response:
        asked = Asked(person.name, clock())

        async def doing(row: UUID, form: Form, seen: UUID | None) -> None:
            await acting.put_back(db, row, asked, seen)

        return await act(context, request, person, log_id, doing, {"done": "retried"})

    @router.post("/{log_id}/dismiss")
    async def dismiss(request: Request, log_id: str, person: Operator) -> Response:
        async def doing(row: UUID, form: Form, seen: UUID | None) -> None:
            await acting.dismiss(db, row, note_of(form), by=person.name, now=clock(), seen=seen)

        return await act(context, request, person, log_id, doing, {"done": "dismissed"})

    @router.post("/held/{stream}")
    async def release(request: Request, stream: str, person: Operator) -> Response:
        changes = (await form_of(request)).get("changes", "")
        known = stream in list(Stream) and changes.isascii() and changes.isdecimal() and len(changes) < 10
        if not known or not await acting.release(
            db, Stream(stream), int(changes), by=person.name, now=clock()
        ):
            return refused(request, 409, "held")
        return RedirectResponse("/attention?done=released", 303)

    return router


async def act(
    context: WebContext, request: Request, person: Person, log_id: str, doing: Doing, done: dict[str, str]
) -> Response:
    """Do it once and go back to the list, or say why nothing was done."""
    form = await form_of(request)
    row, seen = uuid_of(log_id), uuid_of(form.get("seen", ""))
    if row is None:
        return refused(request, 404, Why.UNKNOWN)
    try:
        await doing(row, form, seen)
    except Declined as declined:
        return await stale(context, request, person, row, declined.why)
    return RedirectResponse(f"/attention?{urlencode(kept(form) | done)}", 303)


async def stale(context: WebContext, request: Request, person: Person, log_id: UUID, why: Why) -> Response:
    """Nothing was done, for the row is not what the person takes it for."""
    meanwhile = await _meanwhile(context, person, log_id)
    return refused(request, 404 if why is Why.UNKNOWN else 409, why, **meanwhile)


def kept(given: Mapping[str, str]) -> dict[str, str]:
    """The filters of the list that a page was opened from."""
    return {name: given[name] for name in ("reason", "status", "type", "sort") if given.get(name)}


async def _meanwhile(context: WebContext, person: Person, log_id: UUID) -> dict[str, Any]:
    """The row as it is by now: who has done what to it, when, and what came of that."""
    row = await worklist.row(context.db, log_id)
    if row is None:
        return {}
    later = await worklist.later(context.db, row)
    return {"row": shown(row, person), "later": later, "now": context.clock()}


def refused(request: Request, status: int, why: str, what: str = "", **meanwhile: Any) -> HTMLResponse:
    """Nothing was done; the page says why, and what has happened instead."""
    told = {"why": why, "what": what, "row": None, "later": None, "now": None} | meanwhile
    return page(request, "attention_refused.html", status, **told)
