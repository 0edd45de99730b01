"""`/api/v1/records`: find a record, its story, both sides of it, and a look at it now."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.exceptions import HTTPException

from hamgam.app.access import Operator, Viewer
from hamgam.app.answers import Answer, ReleaseShown
from hamgam.app.context import WebContext
from hamgam.app.reaching import reached
from hamgam.app.records import (
    EVENTS,
    MOST_CHARACTERS,
    MOST_OF_A_MARK,
    ROWS,
    Story,
    Told,
    WrongPlace,
    key_of,
    linked,
    search,
    story,
    sync_now,
)
from hamgam.errors import Reason
from hamgam.jobs.asking import Look
from hamgam.model import Entity, EntityKey, EntityType
from hamgam.sync.compare import Comparison, Verdict, compare
from hamgam.sync.pairs import Pair
from hamgam.trail.attempts import Ended
from hamgam.trail.attention import Asked
from hamgam.trail.records import MOST_FOUND
from hamgam.trail.timeline import What


class Shelf(StrEnum):
    """What kind of record an address names; a contact is one that finance alone knows."""

    CUSTOMER = "customer"
    INVOICE = "invoice"
    QUOTE = "quote"
    CONTACT = "contact"


class LinkShown(Answer):
    since: datetime
    last_sync: datetime | None = Field(validation_alias="last_sync_at")
    blocked: str | None
    """Why nothing may be written until a person has acted."""


class LastSyncShown(Answer):
    id: UUID
    at: datetime
    status: str
    operation: str
    reason: str | None
    needs_attention: bool = Field(validation_alias="attention")


class RecordShown(Answer):
    """Names and numbers are masked for viewers, and "" where they are not known (any more)."""

    entity: str
    """`customer`, `invoice` or `quote`; `contact`: finance alone knows it, by its code."""
    id: str
    kind: str | None
    name: str
    number: str
    customer_id: str | None
    """Of a document: the CRM id of its customer."""
    customer_name: str
    finance_id: str | None
    linked: LinkShown | None
    last_sync: LastSyncShown | None = Field(validation_alias="last")


class RecordsFound(Answer):
    count: int
    """How many there are in all, 1,000 at most."""
    more: bool
    """Whether there are more than that, which no page shows: add a word to the search."""
    records: list[RecordShown]
    older: str | None
    """Goes into `before` for the records that follow."""


class RecordsLinked(Answer):
    count: int
    """How many there are in all."""
    records: list[RecordShown]
    older: str | None
    """Goes into `before` for the records that follow."""


class NoticeEvent(Answer):
    """The CRM has called a webhook address."""

    what: Literal["notice"] = "notice"
    at: datetime
    id: UUID
    event: str
    """As the CRM calls it."""


class SyncEvent(Answer):
    what: Literal["sync"] = "sync"
    at: datetime
    id: UUID
    status: str
    operation: str
    reason: str | None
    message: str
    trigger: str
    changed: list[str]
    """Names of the fields that a write has changed in finance."""
    target_id: str | None
    by: str | None
    """The person who asked for it."""
    attempts: list[Ended]
    """Those before the latest one, the first of them first."""
    retries: list[Asked]
    """Who has put it back, and when."""
    release: ReleaseShown | None
    """Where polling had held it back."""
    settled_at: datetime | None
    settled_by: str | None


class SettledEvent(Answer):
    """A person has settled a sync."""

    what: Literal["settled"] = "settled"
    at: datetime
    id: UUID
    by: str | None
    resolution: Any


class RecordStory(RecordShown):
    looks: list[Look]
    """Those to come: the one that runs, and the one that waits."""
    documents: list[RecordShown]
    """Of a customer, the newest; on the first page only."""
    timeline: list[NoticeEvent | SyncEvent | SettledEvent]
    """Newest first."""
    older: str | None
    """Goes into `before` for the events that follow."""


class Side(Answer):
    found: bool
    trouble: Reason | None
    """Why the system could not be asked."""
    changed: bool | None
    """Since the last sync; null: not known."""


class FinanceSide(Side):
    gone: bool
    """It has the linked contact no more."""
    written_at: datetime | None
    """The side is what Hamgam wrote then: finance offers no way to read it."""


class LineShown(Answer):
    """A line of a document; amounts are decimal numbers as text. A side without it has no values."""

    crm: dict[str, str]
    finance: dict[str, str]
    differs: list[str]


class ComparisonShown(Answer):
    at: datetime
    verdict: Verdict | None
    """Null: not both sides are known."""
    crm: Side
    finance: FinanceSide
    fields: list[Pair]
    lines: list[LineShown]


class Queued(Answer):
    queued: bool
    """False where that was asked before."""


_NO_RECORD: dict[int | str, dict[str, Any]] = {404: {"description": "Nothing is known of this record"}}
_NO_ID: dict[int | str, dict[str, Any]] = {404: {"description": "This can be no id of the CRM"}}
_OUT_OF_REACH: dict[int | str, dict[str, Any]] = _NO_ID | {
    503: {"description": "The database does not answer, or this process does not reach the remote systems"}
}


def _key(entity: Entity, record: str) -> EntityKey:
    key = key_of(entity, record)
    if key is None:
        raise HTTPException(404, "this is no id of the CRM; it has the form of a GUID")
    return key


Key = Annotated[EntityKey, Depends(_key)]


def record_routes(context: WebContext) -> APIRouter:
    router = APIRouter(prefix="/records", tags=["records"])
    _lists(router, context)

    @router.get("/{entity}/{record}", responses=_NO_RECORD)
    async def get_record(
        person: Viewer,
        entity: Shelf,
        record: str,
        before: Annotated[str, Query(description="the `older` of the page before")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = EVENTS,
    ) -> RecordStory:
        """One record, by its CRM id or as a contact by its finance code, with its story, newest first."""
        try:
            told = await story(context.db, person, entity, record, before, limit)
        except WrongPlace:
            raise HTTPException(400, "before: not the place of an event") from None
        if told is None:
            raise HTTPException(404, "nothing is known of this record")
        return _story(told)

    _acting(router, context)
    return router


def _lists(router: APIRouter, context: WebContext) -> None:
    @router.get("")
    async def search_records(
        person: Viewer,
        q: Annotated[
            str, Query(max_length=MOST_CHARACTERS, description="name, number or id, in any spelling")
        ],
        before: Annotated[str, Query(description="the `older` of the page before")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = ROWS,
    ) -> RecordsFound:
        """Records in which every word of the search stands.

        First those that it names whole, then those that were synchronised last.

        For viewers data of people is masked and not searched: they find by a whole CRM id, finance code, or
        number as it is shown to them.
        """
        try:
            hits = await search(context.db, person, q, before, limit)
        except WrongPlace as error:
            raise HTTPException(400, str(error)) from None
        return RecordsFound(
            count=min(hits.count, MOST_FOUND),
            more=hits.count > MOST_FOUND,
            records=[RecordShown.model_validate(each) for each in hits.records],
            older=str(hits.older) if hits.older else None,
        )

    @router.get("/linked")
    async def list_linked_records(
        person: Viewer,
        type: EntityType,
        before: Annotated[str, Query(description="the `older` of the page before")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = ROWS,
    ) -> RecordsLinked:
        """Customers that are linked, or documents that finance has, the last one first.

        Data of people is masked for viewers.
        """
        try:
            found = await linked(context.db, person, type, before, limit)
        except WrongPlace as error:
            raise HTTPException(400, str(error)) from None
        return RecordsLinked.model_validate(found)


def _acting(router: APIRouter, context: WebContext) -> None:
    """What reaches for the remote systems, now or as soon as a worker does."""

    @router.get("/{entity}/{record}/compare", responses=_OUT_OF_REACH)
    async def compare_record(_: Operator, key: Key) -> ComparisonShown:
        """Read the record now, and set both sides side by side.

        The `verdict` is `same` or `differs`. Where finance does not show the record by itself, as it never
        does for documents, its side is what Hamgam last wrote, at `writtenAt`; the verdict then is
        `as_written` or `unlike_written`.
        """
        async with reached(context.site) as site:
            return _comparison(await compare(site, key))

    @router.post("/{entity}/{record}/sync", status_code=202, responses=_NO_ID)
    async def sync_record(
        person: Operator,
        key: Key,
        asked: Annotated[
            str,
            Query(
                max_length=MOST_OF_A_MARK,
                description="of your choice; the same again asks for nothing more",
            ),
        ] = "",
    ) -> Queued:
        """Look at the record as soon as a worker is free, also at one that is new in the CRM."""
        return Queued(queued=await sync_now(context.db, person, key, asked, context.clock))


def _story(told: Story) -> RecordStory:
    return RecordStory(
        **RecordShown.model_validate(told.record).model_dump(),
        looks=told.looks,
        documents=[RecordShown.model_validate(each) for each in told.documents],
        timeline=[_event(each) for each in told.events],
        older=told.older,
    )


_EVENTS: Mapping[What, type[NoticeEvent | SyncEvent | SettledEvent]] = {
    What.NOTICE: NoticeEvent,
    What.SYNC: SyncEvent,
    What.WORD: SettledEvent,
}


def _event(told: Told) -> NoticeEvent | SyncEvent | SettledEvent:
    shape = _EVENTS[told.what]
    return shape(**{name: getattr(told, name) for name in shape.model_fields if name != "what"})


def _comparison(compared: Comparison) -> ComparisonShown:
    return ComparisonShown(
        at=compared.at,
        verdict=compared.verdict,
        crm=Side(found=compared.in_crm, trouble=compared.crm_trouble, changed=compared.crm_changed),
        finance=FinanceSide(
            found=compared.in_finance,
            gone=compared.gone,
            trouble=compared.finance_trouble,
            changed=compared.finance_changed,
            written_at=compared.written_at,
        ),
        fields=list(compared.pairs),
        lines=[
            LineShown(crm=dict(line.crm), finance=dict(line.finance), differs=sorted(line.differs))
            for line in compared.lines
        ],
    )
