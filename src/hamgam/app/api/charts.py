"""`/api/v1/overview`, `/api/v1/queue` and `/api/v1/charts/syncs`: what the overview shows."""

from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from hamgam.app.access import Viewer
from hamgam.app.addresses import with_cursor
from hamgam.app.context import WebContext
from hamgam.app.filters import PlaceQuery
from hamgam.app.glance import glance, in_queue
from hamgam.app.status import iso
from hamgam.model import Status
from hamgam.trail import pulse


class QueueQuery(PlaceQuery):
    limit: int = Field(100, ge=1, le=1000)


class Window(StrEnum):
    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"


class Spans(NamedTuple):
    number: int
    seconds: int


SPANS = {Window.HOUR: Spans(60, 60), Window.DAY: Spans(96, 900), Window.WEEK: Spans(84, 7200)}
SHOWN = (Status.SUCCESS, Status.SKIPPED, Status.CONFLICT, Status.IN_DOUBT, Status.FAILED)


def chart_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["status"])

    @router.get("/overview")
    async def overview(_: Viewer) -> dict[str, Any]:
        """Whether it works, in one glance. Durations in milliseconds; today is a day in Tehran."""
        now = await glance(context.db, context.clock, worker_here=context.workers_running())
        durations, quiet = now.durations, now.quiet
        return {
            "verdict": now.verdict,
            "down": now.down,
            "workers": now.workers,
            "success_rate_today": now.success_rate,
            "duration_ms": {"p50": durations.p50, "p95": durations.p95} if durations else None,
            "last_webhook": iso(now.delivery.at if now.delivery else None),
            "last_success": iso(quiet.since) if quiet else None,
            "longest_quiet_seconds": quiet.longest.total_seconds() if quiet else None,
        }

    @router.get("/queue")
    async def waiting(
        request: Request, response: Response, person: Viewer, query: Annotated[QueueQuery, Query()]
    ) -> list[dict[str, Any]]:
        """What waits for a worker or is being looked at; `due` is null where a free worker takes it.

        Where there are more, the answer has the header `Link: <…>; rel="next"`.
        """
        found, further = await in_queue(context.db, person, query.limit, query.cursor)
        if further is not None:
            response.headers["link"] = f'<{with_cursor(request, further)}>; rel="next"'
        return [each | {"due": iso(each["due"])} for each in found]

    @router.get("/charts/syncs")
    async def syncs_over_time(_: Viewer, window: Window = Window.HOUR) -> dict[str, Any]:
        """Ended syncs by outcome in equal spans of time, oldest first; times are Unix seconds."""
        spans = SPANS[window]
        found = await pulse.outcomes(context.db, context.clock(), spans.number, spans.seconds)
        return {
            "window": window,
            "span_seconds": spans.seconds,
            "times": [int(moment.timestamp()) for moment in found.begins],
            "series": {status: found.counts[status] for status in SHOWN},
        }

    return router
