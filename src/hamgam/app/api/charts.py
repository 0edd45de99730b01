"""`/api/v1/overview`, `/api/v1/queue` and `/api/v1/charts/syncs`: what the overview shows."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from hamgam.app.access import Viewer
from hamgam.app.addresses import with_cursor
from hamgam.app.answers import Answer
from hamgam.app.context import WebContext
from hamgam.app.filters import PlaceQuery
from hamgam.app.glance import CHARTED, InQueue, Trouble, Verdict, Window, glance, in_queue, syncs_over_time
from hamgam.model import Status, System
from hamgam.trail.pulse import Durations


class QueueQuery(PlaceQuery):
    limit: int = Field(100, ge=1, le=1000)


class Overview(Answer):
    verdict: Verdict
    """The worst of what is the matter; `good`: nothing is."""
    troubles: list[Trouble]
    """All that is the matter, the worst first."""
    down: list[System]
    waiting: list[System]
    """Those for whose answer a call has been waiting for more than 5 seconds; see `/api/v1/connections`."""
    workers: int
    """Of all processes, alive within the last 30 seconds."""
    success_rate_today: float | None
    """Of the syncs since midnight in Tehran that tried to write, between 0 and 1."""
    duration_ms: Durations | None
    last_webhook: datetime | None
    last_success: datetime | None
    longest_quiet_seconds: float | None
    """The longest time without a sync among the latest ones; null while there are too few to tell."""


class Chart(Answer):
    window: Window
    span_seconds: int
    times: list[int]
    """When each span begins, in Unix seconds; oldest first."""
    series: dict[Status, list[int]]
    """How many syncs that began in each span have ended so; each counts once, by its present status."""
    retried: int
    """How many of all that began in this time needed more than one attempt."""


def chart_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["status"])

    @router.get("/overview")
    async def overview(_: Viewer) -> Overview:
        """Whether it works, in one glance. Durations in milliseconds; today is a day in Tehran."""
        now = await glance(context.db, context.clock, worker_here=context.workers_running())
        return Overview(
            verdict=now.verdict,
            troubles=now.troubles,
            down=now.down,
            waiting=now.waiting,
            workers=now.workers,
            success_rate_today=now.success_rate,
            duration_ms=now.durations,
            last_webhook=now.delivery.at if now.delivery else None,
            last_success=now.quiet.since if now.quiet else None,
            longest_quiet_seconds=now.quiet.longest.total_seconds() if now.quiet else None,
        )

    @router.get("/queue")
    async def waiting(
        request: Request, response: Response, person: Viewer, query: Annotated[QueueQuery, Query()]
    ) -> list[InQueue]:
        """What waits for a worker or is being looked at, that first, then by when it is due.

        Where there are more, the answer has the header `Link: <…>; rel="next"`.
        """
        found, further = await in_queue(context.db, person, query.limit, query.cursor)
        if further is not None:
            response.headers["link"] = f'<{with_cursor(request, further)}>; rel="next"'
        return found

    @router.get("/charts/syncs")
    async def chart(_: Viewer, window: Window = Window.HOUR) -> Chart:
        """Ended syncs by outcome in equal spans of time, oldest first."""
        found = await syncs_over_time(context.db, context.clock, window)
        return Chart(
            window=window,
            span_seconds=int(window.span.total_seconds()),
            times=[int(moment.timestamp()) for moment in found.begins],
            series={status: list(found.counts[status]) for status in CHARTED},
            retried=found.retried,
        )

    return router
