"""`/api/v1/syncs`: the sync log as a list, row by row, and as a file."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hamgam.app.access import Viewer
from hamgam.app.addresses import with_cursor
from hamgam.app.answers import Answer, ReleaseShown
from hamgam.app.context import WebContext
from hamgam.app.export import Batches, Download, csv_file, xlsx_file
from hamgam.app.filters import MOST_COUNTED, PageQuery, SyncQuery
from hamgam.app.masking import as_seen_by
from hamgam.app.sought import asked_for
from hamgam.app.sync_story import SyncStory, sync_story
from hamgam.app.telling import FieldTold, Notice
from hamgam.app.words import Writer
from hamgam.db.engine import Database
from hamgam.model import Direction, EntityType, Operation, Status, Trigger
from hamgam.people.roles import Person
from hamgam.trail import listing
from hamgam.trail.attempts import Ended, Wait
from hamgam.trail.attention import Asked
from hamgam.trail.listing import Wanted
from hamgam.trail.records import MOST_FOUND


class ListQuery(PageQuery):
    limit: int = Field(50, ge=1, le=500)


class ExportQuery(SyncQuery):
    format: Literal["csv", "xlsx"] = "csv"
    lang: Literal["fa", "en"] = "fa"


class SyncRow(Answer):
    """A row of the sync log by the names of its columns; data of people is masked for viewers.

    A newer version of Hamgam may have stored codes that this one does not know.
    """

    id: UUID
    transactionId: UUID
    """Of its latest attempt."""
    entityMappingId: UUID | None
    entityType: EntityType | str
    sourceEntity: str
    """`customer`, `invoice`, `quote`, or `contact` for one of finance."""
    kind: str | None
    """`person` or `organization`, where it is known."""
    direction: Direction | str
    operation: Operation | str
    status: Status | str
    reason: str | None
    """Why it was skipped or failed: a code of `docs/reasons.md`."""
    triggerType: Trigger | str
    triggerPayload: Any
    sourceEntityId: str
    targetEntityId: str | None
    sourceData: Any
    targetDataBefore: Any
    targetDataAfter: Any
    intent: Any
    """The write that was about to be sent, noted before it left."""
    errorMessage: str | None
    retryCount: int
    """Further attempts since a person last put it back."""
    attempts: Any
    """Those before the latest one: when each began and ended, and why."""
    startedAt: datetime
    completedAt: datetime | None
    durationMs: int | None
    """How long the attempt took that ended it, the waits before it left out."""
    resolvedAt: datetime | None
    """When a later sync or a person settled what the row asks for."""
    resolvedBy: str | None
    """The person who settled it; null where a sync did."""
    resolution: Any
    """What that person said: `exists`, `absent`, `retried` or `dismissed`."""


class SyncCount(Answer):
    count: int
    """At most 10,000."""
    more: bool
    """Whether there are more than that."""


class SyncTold(Answer):
    """One sync in the order in which it happened; data of people is masked for viewers."""

    name: str | None
    """Of the record, or its number."""
    crm_id: str | None
    finance_id: str | None
    needs_attention: bool
    open: bool
    purged: bool
    """It is so old that the log holds its outcome only."""
    received_at: datetime | None
    """When the delivery came that it began with."""
    modified_at: datetime | None
    """When the CRM says that the record was last modified before it was read."""
    fields: list[FieldTold]
    """Of a customer, on both sides."""
    read: dict[str, str]
    """Of a document, and what stands beside the fields of a customer."""
    written: dict[str, str]
    """Of a document. Amounts are decimal numbers as text."""
    number_in_finance: str
    """Which finance gave a document; empty where its answer named none."""
    lines: list[list[str]]
    """Of a document: product, unit, quantity, price, discount."""
    notice: Notice
    intended_at: datetime | None
    """When the write began whose answer has not been noted."""
    answered: bool
    """Whether the other side has taken a write, and named what it wrote."""
    tried: int
    """How many attempts there were in all."""
    attempts: list[Ended]
    """Those before the latest one, the first of them first."""
    begun: datetime | None
    """When the attempt began that ended it; null while it is open, or where no version has noted that."""
    waits: list[Wait]
    """The times between its attempts, in which nobody worked on it; those under a second are left out."""
    retries: list[Asked]
    release: ReleaseShown | None
    """Where polling had held it back."""
    earlier: UUID | None
    later: UUID | None
    """The syncs of the same record before and after this one."""


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
        async with self._places, aclosing(listing.everything(self._db, wanted, _ROWS)) as found:
            async for rows in found:
                yield (as_seen_by(person, row) for row in rows)


def syncs_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["syncs"])
    router.include_router(_many(context))
    router.include_router(_one(context))
    return router


def _many(context: WebContext) -> APIRouter:
    router, exports = APIRouter(), Exports(context.db)

    @router.get("/syncs")
    async def get_syncs(
        request: Request, response: Response, person: Viewer, query: Annotated[ListQuery, Query()]
    ) -> list[SyncRow]:
        """Rows of the sync log, newest first. Data of people is masked for viewers.

        Where there are more, the answer has the header `Link: <…>; rel="next"`. Of more than 1,000 records
        that match `q` those count that it names whole, such as by a finance code. Where there are none of
        these, the answer is a problem.
        """
        wanted = await _wanted(context, person, query)
        found = await listing.page(context.db, wanted, query.limit, query.cursor, listing.WHOLE)
        if found.older is not None:
            response.headers["link"] = f'<{with_cursor(request, found.older)}>; rel="next"'
        return [_row(person, row) for row in found.rows]

    @router.get("/syncs/export", response_class=StreamingResponse, responses=_EXPORTED)
    async def export_syncs(person: Viewer, query: Annotated[ExportQuery, Query()]) -> Response:
        """All rows that match, as a file for people, with the calendar of the language and ids as text.

        Data of people is masked for viewers. A sheet holds 1,048,575 rows; what is more stands on the next.
        """
        # Once a file has begun it is too late to say that the database is gone.
        wanted = await _wanted(context, person, query)
        await listing.count(context.db, wanted, 0)
        return _file(exports, wanted, query, person)

    @router.get("/syncs/count")
    async def count_syncs(person: Viewer, query: Annotated[PageQuery, Query()]) -> SyncCount:
        """How many rows match, in all or from `cursor` on; above 10,000 it says only that there are more."""
        wanted = await _wanted(context, person, query)
        count = await listing.count(context.db, wanted, MOST_COUNTED, query.cursor)
        return SyncCount(count=min(count, MOST_COUNTED), more=count > MOST_COUNTED)

    return router


def _one(context: WebContext) -> APIRouter:
    router = APIRouter()

    @router.get("/syncs/{id}/story", responses=_NONE)
    async def get_sync_story(person: Viewer, id: UUID) -> SyncTold:
        """What was read, field by field before and after, and the syncs of the same record around it."""
        story = await sync_story(context, person, id)
        if story is None:
            raise HTTPException(404, "no sync has this id")
        return _told(story)

    @router.get("/syncs/{id}", responses=_NONE)
    async def get_sync(person: Viewer, id: UUID) -> SyncRow:
        """One row of the sync log."""
        row = await listing.one(context.db, id)
        if row is None:
            raise HTTPException(404, "no sync has this id")
        return _row(person, row)

    return router


async def _wanted(context: WebContext, person: Person, query: SyncQuery) -> Wanted:
    wanted = (await asked_for(context.db, person, query)).wanted
    if wanted is None:
        raise HTTPException(400, f"q: more than {MOST_FOUND:,} records match; add a word or some digits")
    return wanted


def _row(person: Person, row: Mapping[str, Any]) -> SyncRow:
    return SyncRow.model_validate(as_seen_by(person, row))


def _told(story: SyncStory) -> SyncTold:
    told = story.told
    return SyncTold(
        name=story.name or None,
        crm_id=told.crm_id,
        finance_id=told.finance_id,
        needs_attention=told.attention,
        open=told.is_open,
        purged=told.purged,
        received_at=story.received,
        modified_at=told.modified_at,
        fields=told.fields,
        read=dict(told.read),
        written=dict(told.written),
        number_in_finance=told.number_in_finance,
        lines=told.lines,
        notice=told.notice,
        intended_at=told.intended_at,
        answered=told.answered,
        tried=told.tried,
        attempts=told.attempts,
        begun=told.begun,
        waits=told.waits,
        retries=told.retries,
        release=told.release and ReleaseShown.model_validate(told.release),
        earlier=story.earlier,
        later=story.later,
    )


def _file(exports: Exports, wanted: Wanted, query: ExportQuery, person: Person) -> Response:
    if exports.full:
        raise HTTPException(429, "other exports are being written", {"retry-after": "10"})
    media_type, write = _KINDS[query.format]
    named = {"content-disposition": f'attachment; filename="hamgam-syncs.{query.format}"'}
    written = write(exports.rows(wanted, person), Writer(query.lang))
    return Download(written, headers=named, media_type=media_type)
