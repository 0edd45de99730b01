"""Customers and documents: search, the story of one record, both sides of it, and a look at it now."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app.access import Operator, Viewer
from hamgam.app.context import WebContext
from hamgam.app.pages.shell import page
from hamgam.app.records import (
    MOST_CHARACTERS,
    Story,
    WrongPlace,
    is_code,
    key_of,
    known,
    linked,
    search,
    story,
    sync_now,
)
from hamgam.app.status import workers
from hamgam.errors import UsageError
from hamgam.model import Entity, EntityKey, EntityType, FinanceId
from hamgam.people.roles import Person
from hamgam.sync.compare import compare
from hamgam.sync.pairs import AMOUNTS, LINE
from hamgam.trail import mapping, numbers
from hamgam.trail.imports import CONTACT
from hamgam.trail.records import MOST_FOUND, Hits, crm_id

_HERE = "/records"
Key = Annotated[EntityKey | None, Depends(key_of)]
Linked = EntityType | Literal[""]
"""Of which list; "": a search."""


def record_pages(context: WebContext) -> APIRouter:
    router = APIRouter()
    router.include_router(_reading(context))
    router.include_router(_acting(context))
    return router


def _reading(context: WebContext) -> APIRouter:
    router = APIRouter(prefix=_HERE)

    @router.get("")
    async def find(
        request: Request,
        person: Viewer,
        q: str = "",
        linked: Linked = "",
        before: str = "",
    ) -> Response:
        query = q.strip()[:MOST_CHARACTERS]
        if linked and not query:
            return await _linked(context, request, person, linked, before)
        hits = await _hits(context, person, query, before)
        values: dict[str, Any] = {"query": query, "hits": hits, "first": not before, "most": MOST_FOUND}
        values |= {"unread": None if hits.records else crm_id(query), "entities": list(Entity)}
        values["lists"] = {} if query else await numbers.mapping_counts(context.db)
        return page(request, "records.html", now=context.clock(), **values)

    @router.get("/{entity}/{record}")
    async def whole(request: Request, person: Viewer, entity: str, record: str, before: str = "") -> Response:
        owner = await _owner(context, record) if entity == CONTACT else None
        if owner is not None:
            return RedirectResponse(f"{_HERE}/customer/{owner}", 302)
        return await _show(context, request, person, entity, record, before=before)

    @router.get("/{entity}/{record}/live")
    async def live_part(request: Request, person: Viewer, entity: str, record: str) -> Response:
        return await _show(context, request, person, entity, record, template="record_live.html")

    return router


def _acting(context: WebContext) -> APIRouter:
    router = APIRouter(prefix=_HERE)

    @router.get("/{entity}/{record}/compare")
    async def both_sides(request: Request, person: Operator, key: Key) -> Response:
        record = await known(context.db, person, key) if key else None
        if key is None or record is None:
            return _unknown(request, context, key)
        try:
            async with context.site() as site:
                compared = await compare(site, key)
        except UsageError:
            compared = None
        part = "comparison.html" if request.headers.get("hx-request") else "compared.html"
        values = {"record": record, "compared": compared, "columns": LINE, "amounts": AMOUNTS}
        return page(request, part, 503 if compared is None else 200, now=context.clock(), **values)

    @router.post("/{entity}/{record}/sync")
    async def look_now(request: Request, person: Operator, key: Key, asked: str = "") -> Response:
        if key is None:
            return _unknown(request, context)
        await sync_now(context.db, person, key, asked, context.clock)
        return RedirectResponse(f"{_HERE}/{key.entity}/{key.crm_id}", 303)

    return router


async def _hits(context: WebContext, person: Person, query: str, before: str) -> Hits:
    try:
        return await search(context.db, person, query, before)
    except WrongPlace as error:
        raise HTTPException(400, str(error)) from None


async def _linked(
    context: WebContext, request: Request, person: Person, entity_type: EntityType, before: str
) -> Response:
    try:
        found = await linked(context.db, person, entity_type, before)
    except WrongPlace as error:
        raise HTTPException(400, str(error)) from None
    first, now = not before, context.clock()
    return page(request, "linked.html", list=found, type=entity_type, first=first, now=now)


async def _owner(context: WebContext, code: str) -> str | None:
    return await mapping.owner(context.db, EntityType.CUSTOMER, FinanceId(code)) if is_code(code) else None


async def _show(
    context: WebContext,
    request: Request,
    person: Person,
    entity: str,
    record: str,
    *,
    before: str = "",
    template: str = "record.html",
) -> Response:
    try:
        told = await story(context.db, person, entity, record, before)
    except WrongPlace:
        return _unknown(request, context, status=400)
    if told is None:
        return _unknown(request, context, key_of(entity, record))
    return await _record(request, context, told, template, newest=not before)


async def _record(
    request: Request, context: WebContext, told: Story, template: str, *, newest: bool
) -> Response:
    known_to_crm = told.record.entity != CONTACT
    idle = bool(told.looks) and not await workers(context.db, here=context.workers_running())
    return page(
        request,
        template,
        record=told.record,
        story=told,
        live=known_to_crm and newest,
        known_to_crm=known_to_crm,
        idle=idle,
        now=context.clock(),
    )


def _unknown(
    request: Request, context: WebContext, key: EntityKey | None = None, *, status: int = 404
) -> HTMLResponse:
    """With a key it may be one that the CRM has, and that Hamgam has not read yet."""
    unread, entities = (key.crm_id, [key.entity]) if key else (None, [])
    return page(request, "record_unknown.html", status, unread=unread, entities=entities, now=context.clock())
