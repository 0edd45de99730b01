"""`/api/v1/syncs`: the sync log as a list, row by row, and as a file."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hamgam.app.access import Viewer
from hamgam.app.context import WebContext
from hamgam.app.filters import PageQuery
from hamgam.app.masking import as_seen_by
from hamgam.app.status import plain
from hamgam.trail import listing


class ListQuery(PageQuery):
    limit: int = Field(50, ge=1, le=500)


def syncs_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["syncs"])

    @router.get("/syncs")
    async def get_syncs(
        request: Request, response: Response, person: Viewer, query: Annotated[ListQuery, Query()]
    ) -> list[Mapping[str, Any]]:
        """Rows of the sync log, newest first. Data of people is masked for viewers.

        Where there are more, the answer has the header `Link: <…>; rel="next"`.
        """
        found = await listing.page(context.db, query.wanted(), query.limit, query.cursor, listing.WHOLE)
        if found.older is not None:
            response.headers["link"] = f'<{_with_cursor(request, found.older)}>; rel="next"'
        return [plain(as_seen_by(person, row)) for row in found.rows]

    @router.get("/syncs/{id}", responses={404: {"description": "No sync has this id"}})
    async def get_sync(person: Viewer, id: UUID) -> Mapping[str, Any]:
        """One row of the sync log."""
        row = await listing.one(context.db, id)
        if row is None:
            raise HTTPException(404, "no sync has this id")
        return plain(as_seen_by(person, row))

    return router


def _with_cursor(request: Request, position: listing.Position) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', str(position))])}"
