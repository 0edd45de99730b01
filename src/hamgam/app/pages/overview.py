"""The overview: what the installation is doing, live."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hamgam.app.access import Viewer, person_of
from hamgam.app.context import WebContext
from hamgam.app.filters import PlaceQuery
from hamgam.app.glance import CHARTED, Window, glance, in_queue, syncs_over_time
from hamgam.app.pages.rows import row_of
from hamgam.app.pages.shell import page
from hamgam.jobs import queue
from hamgam.trail import listing
from hamgam.trail.listing import Wanted

_ROWS = 15
_WAITING = 100


def overview_routes(context: WebContext) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def overview(request: Request, _: Viewer, window: str = Window.HOUR) -> HTMLResponse:
        figures = await _figures(context, window)
        return await _overview(context, request, "overview.html", windows=list(Window), **figures)

    @router.get("/chart")
    async def chart_figures(request: Request, _: Viewer, window: str = Window.HOUR) -> HTMLResponse:
        """What the chart shows, in numbers."""
        return page(request, "chart_figures.html", **await _figures(context, window))

    @router.get("/queue")
    async def queue_page(
        request: Request, person: Viewer, query: Annotated[PlaceQuery, Query()]
    ) -> HTMLResponse:
        """What the overview counts as waiting."""
        found, further = await in_queue(context.db, person, _WAITING, query.cursor)
        return page(
            request,
            "queue.html",
            depth=await queue.depth(context.db),
            found=found,
            first=query.cursor is None,
            further=further,
            now=context.clock(),
        )

    @router.get("/live")
    async def live_part(request: Request, _: Viewer) -> HTMLResponse:
        return await _overview(context, request, "live.html")

    return router


async def _figures(context: WebContext, wanted: str) -> dict[str, Any]:
    """`busy` are the spans in which something ended, newest first."""
    window = Window(wanted) if wanted in list(Window) else Window.HOUR
    found = await syncs_over_time(context.db, context.clock, window)
    return {
        "window": window,
        "found": found,
        "span": window.span,
        "totals": {status: found.total(status) for status in CHARTED},
        "busy": [at for at in reversed(range(window.spans)) if any(found.counts[s][at] for s in CHARTED)],
    }


async def _overview(context: WebContext, request: Request, template: str, **values: Any) -> HTMLResponse:
    now = await glance(context.db, context.clock, worker_here=context.workers_running())
    newest = await listing.page(context.db, Wanted(), _ROWS)
    shown = [row_of(row, person_of(request), now.now) for row in newest.rows]
    return page(request, template, view=now, rows=shown, **values)
