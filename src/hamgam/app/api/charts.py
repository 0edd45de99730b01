"""`/api/v1/overview`, `/api/v1/queue` and `/api/v1/charts/syncs`: what the overview shows."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from hamgam.app.access import Viewer
from hamgam.app.context import WebContext
from hamgam.app.glance import CHARTED, Window, glance, in_queue, syncs_over_time
from hamgam.app.status import iso


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
            "last_webhook": iso(now.delivery_at),
            "last_success": iso(quiet.since) if quiet else None,
            "longest_quiet_seconds": quiet.longest.total_seconds() if quiet else None,
        }

    @router.get("/queue")
    async def waiting(
        person: Viewer, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> list[dict[str, Any]]:
        """What waits for a worker or is being looked at; `due` is null where a free worker takes it."""
        return [each | {"due": iso(each["due"])} for each in await in_queue(context.db, person, limit)]

    @router.get("/charts/syncs")
    async def chart(_: Viewer, window: Window = Window.HOUR) -> dict[str, Any]:
        """Ended syncs by outcome in equal spans of time, oldest first; times are Unix seconds."""
        found = await syncs_over_time(context.db, context.clock, window)
        return {
            "window": window,
            "span_seconds": int(window.span.total_seconds()),
            "times": [int(moment.timestamp()) for moment in found.begins],
            "series": {status: found.counts[status] for status in CHARTED},
        }

    return router
