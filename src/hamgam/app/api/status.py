"""`/api/v1/status`."""

from fastapi import APIRouter

from hamgam.app.access import Viewer
from hamgam.app.context import WebContext
from hamgam.app.status import StatusReport, status


def status_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["status"])

    @router.get("/status")
    async def get_status(_: Viewer) -> StatusReport:
        """Mappings, syncs by status, queue, polling and remote systems, in numbers.

        The same document as `hamgam status --json`, and named like it in snake_case.
        """
        return await status(context.db, context.clock)

    return router
