"""Needs attention: what asks for a person, why, and what can be done about it."""

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app.access import Operator, Viewer
from hamgam.app.attention import (
    MOST_NOTE,
    candidates,
    contacts_of,
    listed,
    note_of,
    query_of,
    shown,
    uuid_of,
)
from hamgam.app.context import WebContext
from hamgam.app.evidence import ask_finance
from hamgam.app.forms import Form, form_of
from hamgam.app.pages.shell import page
from hamgam.errors import UsageError
from hamgam.jobs import acting
from hamgam.jobs.acting import Act
from hamgam.jobs.declining import Declined, Why
from hamgam.jobs.settling import finance_id_of, settle
from hamgam.model import EntityType, Stream
from hamgam.people.roles import Person
from hamgam.trail import bulk, bulk_progress, worklist
from hamgam.trail.attention import Asked
from hamgam.trail.log import ATTENTION
from hamgam.trail.worklist import Together

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
        now=context.clock(),
        Act=Act,
    )


async def _one(context: WebContext, request: Request, log_id: str, person: Person) -> Response:
    wanted = uuid_of(log_id)
    row = await worklist.row(context.db, wanted) if wanted else None
    if row is None:
        return refused(request, 404, Why.UNKNOWN)
    customer_id, codes = contacts_of(row)
    asked = bool(codes) and request.query_params.get("ask") == "finance"
    finance = await ask_finance(context, person, customer_id, codes) if asked else None
    return page(
        request,
        "attention_row.html",
        row=shown(row, person),
        later=await worklist.later(context.db, row),
        candidates=await candidates(context.db, row, person),
        askable=bool(codes),
        asked=asked,
        finance=finance,
        contacts={contact.code: contact for contact in finance.contacts} if finance else {},
        back=kept(request.query_params),
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

        return await _act(context, request, person, log_id, doing, "retried")

    @router.post("/{log_id}/settle")
    async def settle_one(request: Request, log_id: str, person: Operator) -> Response:
        async def doing(row: UUID, form: Form, seen: UUID | None) -> None:
            chosen = form.get("answer", "")
            code = None if chosen == "absent" else finance_id_of(form.get("number") or chosen)
            await settle(db, row, code, by=person.name, now=clock(), wait=False, seen=seen)

        return await _act(context, request, person, log_id, doing, "settled")

    @router.post("/{log_id}/dismiss")
    async def dismiss(request: Request, log_id: str, person: Operator) -> Response:
        async def doing(row: UUID, form: Form, seen: UUID | None) -> None:
            await acting.dismiss(db, row, note_of(form), by=person.name, now=clock(), seen=seen)

        return await _act(context, request, person, log_id, doing, "dismissed")

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


async def _act(
    context: WebContext, request: Request, person: Person, log_id: str, doing: Any, done: str
) -> Response:
    """Do it once and go back to the list, or say why nothing was done."""
    form = await form_of(request)
    row, seen = uuid_of(log_id), uuid_of(form.get("seen", ""))
    if row is None:
        return refused(request, 404, Why.UNKNOWN)
    try:
        acted: Awaitable[None] = doing(row, form, seen)
        await acted
    except Declined as declined:
        status = 404 if declined.why is Why.UNKNOWN else 409
        return refused(request, status, declined.why, **await _meanwhile(context, person, row))
    except UsageError:
        return refused(request, 400, "code", **await _meanwhile(context, person, row))
    return RedirectResponse(f"/attention?{urlencode(kept(form) | {'done': done})}", 303)


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
