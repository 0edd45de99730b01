"""Retries of many rows: agreed to by their number, then followed with a progress bar."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app.access import Operator, Viewer
from hamgam.app.attention import uuid_of, wanted_of
from hamgam.app.context import WebContext
from hamgam.app.forms import form_of
from hamgam.app.pages.attention import refused
from hamgam.app.pages.shell import page
from hamgam.jobs.bulk import OtherNumber, submit
from hamgam.trail import bulk, worklist
from hamgam.trail.worklist import Wanted

Chosen = Wanted | Sequence[tuple[UUID, UUID]]
_FILTERS = ("reason", "status", "type")
_KEPT = (*_FILTERS, "chosen", "row")


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
        try:
            chosen = _chosen(given)
        except ValueError as error:
            return refused(request, 400, "query", str(error))
        if bulk_id is None or not (count.isascii() and count.isdecimal() and len(count) < 10):
            return refused(request, 400, "query", "count")
        try:
            await submit(
                context.db, bulk_id, chosen, expected=int(count), by=person.name, now=context.clock()
            )
        except OtherNumber as other:
            return await _confirm(context, request, given, expected=int(count), actual=other.actual)
        return RedirectResponse(f"/attention/bulk/{bulk_id}", 303)

    return router


async def _confirm(
    context: WebContext,
    request: Request,
    given: ImmutableMultiDict[str, str],
    *,
    expected: int | None = None,
    actual: int | None = None,
) -> Response:
    """The number, and what it is of. Nothing is done before the person agrees to it."""
    try:
        chosen = _chosen(given)
    except ValueError as error:
        return refused(request, 400, "query", str(error))
    if actual is None:
        actual = await worklist.count_retriable(context.db, chosen)
    return page(
        request,
        "bulk_confirm.html",
        200 if expected is None else 409,
        count=actual,
        expected=expected,
        wanted=chosen if isinstance(chosen, Wanted) else None,
        query=urlencode(
            [(name, value) for name, value in given.multi_items() if name in (*_FILTERS, "row", "chosen")]
        ),
        bulk_id=uuid4(),
    )


def _chosen(given: ImmutableMultiDict[str, str]) -> Chosen:
    """Rows one by one where some are named, else all that match. Raises `ValueError`."""
    if given.get("chosen"):
        return [_row(text) for text in given.getlist("row")]
    return wanted_of(_plain(given))


def _plain(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name] for name in _FILTERS if given.get(name)}


def _row(text: str) -> tuple[UUID, UUID]:
    log_id, seen = (uuid_of(part) for part in (text.partition(".")[0], text.partition(".")[2]))
    if log_id is None or seen is None:
        raise ValueError("row")
    return log_id, seen


def _following(context: WebContext) -> APIRouter:
    router, db = APIRouter(), context.db

    async def show(request: Request, bulk_id: str, template: str) -> HTMLResponse:
        wanted = uuid_of(bulk_id)
        action = await bulk.load(db, wanted) if wanted else None
        if action is None:
            return refused(request, 404, "bulk")
        outcomes = await bulk.outcomes(db, action.id)
        return page(request, template, action=action, outcomes=outcomes, now=context.clock())

    @router.get("/bulk/{bulk_id}")
    async def follow(request: Request, bulk_id: str, _: Viewer) -> Response:
        return await show(request, bulk_id, "bulk.html")

    @router.get("/bulk/{bulk_id}/live")
    async def live(request: Request, bulk_id: str, _: Viewer) -> Response:
        return await show(request, bulk_id, "bulk_live.html")

    @router.post("/bulk/{bulk_id}/cancel")
    async def cancel(request: Request, bulk_id: str, person: Operator) -> Response:
        wanted = uuid_of(bulk_id)
        if wanted is None or await bulk.load(db, wanted) is None:
            return refused(request, 404, "bulk")
        async with db.transaction() as connection:
            await bulk.cancel(connection, wanted, person.name, context.clock())
        return RedirectResponse(f"/attention/bulk/{wanted}", 303)

    return router
