"""The overview: what the installation is doing, live."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hamgam.app.access import Viewer, person_of
from hamgam.app.api.charts import SHOWN, SPANS, Window
from hamgam.app.context import WebContext
from hamgam.app.glance import glance
from hamgam.app.pages.rows import row_of
from hamgam.app.pages.shell import page
from hamgam.db.engine import DATABASE_GONE
from hamgam.trail import listing, pulse
from hamgam.trail.listing import Wanted

_ROWS = 15


def overview_routes(context: WebContext) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def overview(request: Request, _: Viewer, window: str = Window.HOUR) -> HTMLResponse:
        chosen = Window(window) if window in list(Window) else Window.HOUR
        spans = SPANS[chosen]
        try:
            found = await pulse.outcomes(context.db, context.clock(), spans.number, spans.seconds)
        except DATABASE_GONE:
            return page(request, "overview.html", 503, view=None)
        totals = {status: found.total(status) for status in SHOWN}
        frame = {"window": chosen, "windows": list(Window), "totals": totals}
        return await _overview(context, request, "overview.html", **frame)

    @router.get("/live")
    async def live_part(request: Request, _: Viewer) -> HTMLResponse:
        return await _overview(context, request, "live.html")

    return router


async def _overview(context: WebContext, request: Request, template: str, **values: Any) -> HTMLResponse:
    try:
        now = await glance(context.db, context.clock, worker_here=context.workers_running())
        newest = await listing.page(context.db, Wanted(), _ROWS)
    except DATABASE_GONE:
        return page(request, template, 503, view=None, **values)
    shown = [row_of(row, person_of(request), now.now) for row in newest.rows]
    return page(request, template, view=now, rows=shown, **values)
