"""`/api/v1/syncs`: the sync log as a list, row by row, and as a file."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hamgam.app.access import Viewer
from hamgam.app.addresses import with_cursor
from hamgam.app.context import WebContext
from hamgam.app.export import Batches, csv_file, xlsx_file
from hamgam.app.filters import MOST_COUNTED, PageQuery, SyncQuery
from hamgam.app.masking import as_seen_by
from hamgam.app.status import plain
from hamgam.app.sync_story import story_document, sync_story
from hamgam.app.words import Writer
from hamgam.db.engine import Database
from hamgam.people.roles import Person
from hamgam.trail import listing
from hamgam.trail.listing import Wanted


class ListQuery(PageQuery):
    limit: int = Field(50, ge=1, le=500)


class ExportQuery(SyncQuery):
    format: Literal["csv", "xlsx"] = "csv"
    lang: Literal["fa", "en"] = "fa"


_KINDS = {
    "csv": ("text/csv; charset=utf-8", csv_file),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_file),
}
_EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"text/csv": {}, _KINDS["xlsx"][0]: {}}},
    429: {"description": "Others are being written"},
}
_NONE: dict[int | str, dict[str, Any]] = {404: {"description": "No sync has this id"}}
_AT_ONCE = 2
"""Each keeps a processor busy."""
_ROWS = 1000
"""Of each look at the database."""


class Exports:
    """The files that are being written by this process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._places = asyncio.Semaphore(_AT_ONCE)

    @property
    def full(self) -> bool:
        return self._places.locked()

    async def rows(self, wanted: Wanted, person: Person) -> Batches:
        """Masked only as they are written, by the thread that does that."""
        async with self._places:
            async for rows in listing.everything(self._db, wanted, _ROWS):
                yield (as_seen_by(person, row) for row in rows)


def syncs_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["syncs"])
    exports = Exports(context.db)

    @router.get("/syncs")
    async def get_syncs(
        request: Request, response: Response, person: Viewer, query: Annotated[ListQuery, Query()]
    ) -> list[Mapping[str, Any]]:
        """Rows of the sync log, newest first. Data of people is masked for viewers.

        Where there are more, the answer has the header `Link: <…>; rel="next"`.
        """
        found = await listing.page(context.db, query.wanted(), query.limit, query.cursor, listing.WHOLE)
        if found.older is not None:
            response.headers["link"] = f'<{with_cursor(request, found.older)}>; rel="next"'
        return [plain(as_seen_by(person, row)) for row in found.rows]

    @router.get("/syncs/export", response_class=StreamingResponse, responses=_EXPORTED)
    async def export_syncs(person: Viewer, query: Annotated[ExportQuery, Query()]) -> Response:
        """All rows that match, as a file for people, with the calendar of the language and ids as text.

        Data of people is masked for viewers. A sheet holds 1,048,575 rows; what is more stands on the next.
        """
        # Once a file has begun it is too late to say that the database is gone.
        await listing.count(context.db, query.wanted(), 0)
        return _file(exports, query, person)

    @router.get("/syncs/count")
    async def count_syncs(_: Viewer, query: Annotated[PageQuery, Query()]) -> dict[str, Any]:
        """How many rows match, in all or from `cursor` on; above 10,000 it says only that there are more."""
        count = await listing.count(context.db, query.wanted(), MOST_COUNTED, query.cursor)
        return {"count": min(count, MOST_COUNTED), "more": count > MOST_COUNTED}

    @router.get("/syncs/{id}/story", responses=_NONE)
    async def get_sync_story(person: Viewer, id: UUID) -> dict[str, Any]:
        """What was read, field by field before and after, and the syncs of the same record around it."""
        story = await sync_story(context, person, id)
        if story is None:
            raise HTTPException(404, "no sync has this id")
        return story_document(story)

    @router.get("/syncs/{id}", responses=_NONE)
    async def get_sync(person: Viewer, id: UUID) -> Mapping[str, Any]:
        """One row of the sync log."""
        row = await listing.one(context.db, id)
        if row is None:
            raise HTTPException(404, "no sync has this id")
        return plain(as_seen_by(person, row))

    return router


def _file(exports: Exports, query: ExportQuery, person: Person) -> Response:
    if exports.full:
        raise HTTPException(429, "other exports are being written", {"retry-after": "10"})
    media_type, write = _KINDS[query.format]
    named = {"content-disposition": f'attachment; filename="hamgam-syncs.{query.format}"'}
    written = write(exports.rows(query.wanted(), person), Writer(query.lang))
    return StreamingResponse(written, headers=named, media_type=media_type)
