"""Retries and dismissals of many rows: agreed to by their number, then followed with a progress bar."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app.access import Operator, Viewer
from hamgam.app.attention import MOST_NOTE, note_of, uuid_of, wanted_of
from hamgam.app.context import WebContext
from hamgam.app.forms import form_of
from hamgam.app.masking import masked_text
from hamgam.app.pages.attention import refused
from hamgam.app.pages.shell import page
from hamgam.db.engine import Database
from hamgam.jobs.bulk import OtherNumber, submit
from hamgam.people.roles import Person, Role
from hamgam.trail import bulk, bulk_progress, worklist
from hamgam.trail.bulk_progress import Member, Stage
from hamgam.trail.worklist import Chosen, Together, Wanted

_FILTERS = ("reason", "status", "type")
_KEPT = (*_FILTERS, "what", "chosen", "row")
_ROWS = 50

_TONES = dict.fromkeys(Stage, "SKIPPED") | {
    Stage.ASKED: "PENDING",
    Stage.QUEUED: "PENDING",
    Stage.RUNNING: "IN_PROGRESS",
    Stage.SUCCESS: "SUCCESS",
    Stage.FAILED: "FAILED",
}
"""In the colours of outcomes."""

Given = ImmutableMultiDict[str, str]


def bulk_pages(context: WebContext) -> APIRouter:
    router = APIRouter(prefix="/attention")
    router.include_router(_beginning(context))
    router.include_router(_following(context))
    return router


def _beginning(context: WebContext) -> APIRouter:
    router = APIRouter()

    @router.get("/confirm")
    async def confirm(request: Request, _: Operator) -> Response:
        return await _confirm(context, request, request.query_params)

    @router.post("/bulk")
    async def begin(request: Request, person: Operator) -> Response:
        form = await form_of(request)
        given = ImmutableMultiDict(parse_qsl(form.get("query", ""), max_num_fields=2000))
        bulk_id, count = uuid_of(form.get("id", "")), form.get("count", "")
        note = note_of(form)
        try:
            what, chosen = _what(given), _chosen(given)
        except ValueError as error:
            return refused(request, 400, "query", str(error))
        if bulk_id is None or not (count.isascii() and count.isdecimal() and len(count) < 10):
            return refused(request, 400, "query", "count")
        expected, by, now = int(count), person.name, context.clock()
        try:
            await submit(context.db, bulk_id, what, chosen, note=note, expected=expected, by=by, now=now)
        except OtherNumber:
            return await _confirm(context, request, given, expected=expected, note=note)
        return RedirectResponse(f"/attention/bulk/{bulk_id}", 303)

    return router


async def _confirm(
    context: WebContext, request: Request, given: Given, *, expected: int | None = None, note: str = ""
) -> Response:
    """The number, and what it is of. Nothing is done before the person agrees to it."""
    try:
        what, chosen = _what(given), _chosen(given)
    except ValueError as error:
        return refused(request, 400, "query", str(error))
    count = await worklist.count_fit(context.db, what, chosen)
    return page(
        request,
        "bulk_confirm.html",
        200 if expected is None else 409,
        what=what,
        count=count,
        left_out=await _named(context.db, chosen) - count,
        expected=expected,
        note=note,
        most_note=MOST_NOTE,
        wanted=chosen if isinstance(chosen, Wanted) else None,
        query=urlencode([(name, value) for name, value in given.multi_items() if name in _KEPT]),
        bulk_id=uuid4(),
    )


async def _named(db: Database, chosen: Chosen) -> int:
    """How many rows the person has in mind."""
    return await worklist.count(db, chosen) if isinstance(chosen, Wanted) else len(chosen)


def _what(given: Mapping[str, str]) -> Together:
    try:
        return Together(given.get("what") or Together.RETRY)
    except ValueError:
        raise ValueError("what") from None


def _chosen(given: Given) -> Chosen:
    """Rows one by one where some are named, else all that match. Raises `ValueError`."""
    if given.get("chosen"):
        return [_row(text) for text in given.getlist("row")]
    return wanted_of({name: given[name] for name in _FILTERS if given.get(name)})


def _row(text: str) -> tuple[UUID, UUID]:
    log_id, seen = (uuid_of(part) for part in (text.partition(".")[0], text.partition(".")[2]))
    if log_id is None or seen is None:
        raise ValueError("row")
    return log_id, seen


def _following(context: WebContext) -> APIRouter:
    router, db = APIRouter(), context.db

    @router.get("/bulk/{bulk_id}")
    async def follow(request: Request, bulk_id: str, person: Viewer) -> Response:
        return await _show(context, request, bulk_id, person, "bulk.html")

    @router.get("/bulk/{bulk_id}/live")
    async def live(request: Request, bulk_id: str, person: Viewer) -> Response:
        return await _show(context, request, bulk_id, person, "bulk_live.html")

    @router.post("/bulk/{bulk_id}/cancel")
    async def cancel(request: Request, bulk_id: str, person: Operator) -> Response:
        wanted = uuid_of(bulk_id)
        if wanted is None or await bulk.load(db, wanted) is None:
            return refused(request, 404, "bulk")
        async with db.transaction() as connection:
            await bulk.cancel(connection, wanted, person.name, context.clock())
        return RedirectResponse(f"/attention/bulk/{wanted}", 303)

    return router


async def _show(
    context: WebContext, request: Request, bulk_id: str, person: Person, template: str
) -> HTMLResponse:
    wanted = uuid_of(bulk_id)
    action = await bulk.load(context.db, wanted) if wanted else None
    if action is None:
        return refused(request, 404, "bulk")
    shown = request.query_params.get("show", "")
    stage = Stage(shown) if shown in list(Stage) else None
    after = uuid_of(request.query_params.get("after", ""))
    rows: list[Member] = []
    if stage is not None:
        rows = await bulk_progress.members(context.db, action.id, stage, after=after, limit=_ROWS + 1)
    return page(
        request,
        template,
        action=action,
        progress=(await bulk_progress.progress(context.db, [action.id]))[action.id],
        tones=_TONES,
        stage=stage,
        after=after,
        rows=[_seen(row, person) for row in rows[:_ROWS]],
        next=rows[_ROWS - 1].log_id if len(rows) > _ROWS else None,
        now=context.clock(),
    )


def _seen(row: Member, person: Person) -> Member:
    return row if person.role.may(Role.OPERATOR) else replace(row, name=masked_text(row.name))
