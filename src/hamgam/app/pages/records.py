"""Customers and documents: search, the story of one record, both sides of it, and a look at it now."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app.access import Operator, Viewer
from hamgam.app.context import WebContext
from hamgam.app.pages.shell import page
from hamgam.app.records import MOST_CHARACTERS, Story, contact_story, is_code, key_of, known, search, story
from hamgam.app.status import iso
from hamgam.errors import UsageError
from hamgam.jobs.asking import ask
from hamgam.model import EntityType, FinanceId, Kind
from hamgam.people.roles import Person
from hamgam.sync.compare import compare
from hamgam.sync.pairs import LINE
from hamgam.trail import mapping
from hamgam.trail.imports import CONTACT
from hamgam.trail.place import Place, place_of

_HERE = "/records"


def record_pages(context: WebContext) -> APIRouter:
    router = APIRouter()
    router.include_router(_reading(context))
    router.include_router(_acting(context))
    return router


def _reading(context: WebContext) -> APIRouter:
    router = APIRouter(prefix=_HERE)

    @router.get("")
    async def find(request: Request, person: Viewer, q: str = "") -> Response:
        query = q.strip()[:MOST_CHARACTERS]
        found, more = await search(context.db, person, query) if query else ([], False)
        return page(request, "records.html", query=query, found=found, more=more, now=context.clock())

    @router.get("/contact/{code}")
    async def contact(request: Request, person: Viewer, code: str, before: str = "") -> Response:
        owner = await _owner(context, code)
        if owner is not None:
            return RedirectResponse(f"{_HERE}/customer/{owner}", 302)
        told = await contact_story(context.db, person, code, _place(before)) if is_code(code) else None
        return _record(request, context, told, before)

    @router.get("/{entity}/{record}")
    async def whole(request: Request, person: Viewer, entity: str, record: str, before: str = "") -> Response:
        return await _show(context, request, person, entity, record, before=before)

    @router.get("/{entity}/{record}/live")
    async def live_part(request: Request, person: Viewer, entity: str, record: str) -> Response:
        return await _show(context, request, person, entity, record, template="record_live.html")

    return router


def _acting(context: WebContext) -> APIRouter:
    router = APIRouter(prefix=_HERE)

    @router.get("/{entity}/{record}/compare")
    async def both_sides(request: Request, person: Operator, entity: str, record: str) -> Response:
        key = key_of(entity, record)
        if key is None:
            return _unknown(request)
        record_now = await known(context.db, person, key)
        if record_now is None:
            return _unknown(request)
        try:
            async with context.site() as site:
                compared = await compare(site, key)
        except UsageError:
            compared = None
        part = "comparison.html" if request.headers.get("hx-request") else "compared.html"
        values = {"record": record_now, "compared": compared, "columns": LINE, "now": context.clock()}
        return page(request, part, 503 if compared is None else 200, **values)

    @router.post("/{entity}/{record}/sync")
    async def sync_now(
        request: Request, person: Operator, entity: str, record: str, asked: str = ""
    ) -> Response:
        key = key_of(entity, record)
        if key is None:
            return _unknown(request)
        record_now = await known(context.db, person, key)
        if record_now is None:
            return _unknown(request)
        kind = next((kind for kind in Kind if kind == record_now.kind), None)
        page_asked = asked[:64] or str(iso(context.clock()))
        await ask(context.db, key, kind, by=person.name, page=page_asked)
        return RedirectResponse(f"{_HERE}/{key.entity}/{key.crm_id}", 303)

    return router


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
    key = key_of(entity, record)
    if key is None:
        return _unknown(request)
    told = await story(context.db, person, key, _place(before))
    return _record(request, context, told, before, template)


def _record(
    request: Request, context: WebContext, told: Story | None, before: str, template: str = "record.html"
) -> Response:
    if told is None:
        return _unknown(request)
    known_to_crm = told.record.entity != CONTACT
    values: dict[str, Any] = {
        "record": told.record,
        "story": told,
        "live": known_to_crm and _place(before) is None,
        "known_to_crm": known_to_crm,
        "now": context.clock(),
    }
    return page(request, template, **values)


def _place(text: str) -> Place | None:
    """Where to go on; an address that was cut short begins at the newest."""
    try:
        return place_of(text) if text else None
    except ValueError:
        return None


def _unknown(request: Request) -> HTMLResponse:
    return page(request, "record_unknown.html", 404)
