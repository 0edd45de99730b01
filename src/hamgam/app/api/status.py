"""`/api/v1/status`."""

from typing import Any

from fastapi import APIRouter

from hamgam.app.access import Viewer
from hamgam.app.context import WebContext
from hamgam.app.status import status


def status_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["status"])

    @router.get("/status")
    async def get_status(_: Viewer) -> dict[str, Any]:
        """Mappings, syncs by status, queue, polling and remote systems, in numbers."""
        return await status(context.db, context.clock)

    return router
