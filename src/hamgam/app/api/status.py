"""`/api/v1/status` and `/api/v1/syncs`."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from hamgam.app.access import Viewer
from hamgam.app.context import WebContext
from hamgam.app.masking import as_seen_by
from hamgam.app.status import recent_syncs, status
from hamgam.model import Status, Trigger

_ENTITY = r"^[^\x00]{1,100}$"


def status_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["status"])

    @router.get("/status")
    async def get_status(_: Viewer) -> dict[str, Any]:
        """Mappings, syncs by status, queue, polling and remote systems, in numbers."""
        return await status(context.db, context.clock)

    @router.get("/syncs")
    async def get_syncs(
        person: Viewer,
        status: Status | None = None,
        entity: Annotated[str | None, Query(pattern=_ENTITY, description="an id of either system")] = None,
        trigger: Trigger | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[Mapping[str, Any]]:
        """Rows of the sync log, newest first. Data of people is masked for viewers."""
        rows = await recent_syncs(context.db, limit=limit, status=status, entity=entity, trigger=trigger)
        return [as_seen_by(person, row) for row in rows]

    return router
