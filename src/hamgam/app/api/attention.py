"""`/api/v1/attention`: what asks for a person, and what a person can do about each."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Row
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hamgam.app.access import Operator, Viewer
from hamgam.app.answers import Answer
from hamgam.app.attention import (
    MOST_NOTE,
    NameThen,
    Shown,
    contacts_of,
    listed,
    name_then,
    query_of,
    shown,
)
from hamgam.app.attention import Query as Wanted
from hamgam.app.context import WebContext
from hamgam.app.evidence import SentDocument, ask_finance
from hamgam.app.problems import Problem, RequestRefused, answer, named, told
from hamgam.db.engine import Database
from hamgam.errors import Reason, UsageError
from hamgam.jobs import acting
from hamgam.jobs.acting import Act
from hamgam.jobs.declining import Declined
from hamgam.jobs.settling import finance_id_of, settle
from hamgam.model import EntityType, Status, Stream
from hamgam.people.roles import Person
from hamgam.reasons import SENTENCES, Sentence
from hamgam.sync.contacts import Contact, Contacts
from hamgam.sync.pairs import Pair
from hamgam.trail import worklist
from hamgam.trail.attention import Asked

_Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", strip_whitespace=True)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seen: UUID | None = Field(None, description="`seen` of the row: one that was tried since is refused")


class Retry(_Body):
    """Nothing but, perhaps, the attempt that was seen."""


class Settle(_Body):
    exists: _Plain | None = Field(
        None, description="the finance code or document key that it is", examples=["1045"]
    )
    absent: bool = Field(False, description="it is not in finance, and is sent")


class Dismiss(_Body):
    note: Annotated[_Plain, Field(max_length=MOST_NOTE, examples=["known, is merged by hand"])] = ""


class Said(Answer):
    """In both languages."""

    en: str
    fa: str


class AttentionRow(Answer):
    """A sync that asks, or has asked, for a person. Data of people is masked for viewers."""

    id: UUID
    seen: UUID
    """The attempt that the row tells of. An action that names it acts on what was seen, or not at all."""
    since: datetime
    status: str
    reason: str | None
    """A code of `docs/reasons.md`."""
    error: str | None
    """The remote system's own error, where its text is a known one (`docs/remote-errors.md`)."""
    cause: Said | None
    next_step: Said | None
    entity_type: str
    kind: str | None
    crm_id: str | None
    finance_id: str | None
    name: str | None
    """What a person knows it by: a customer's name, or a document's number."""
    customer_id: str | None
    """Of a document: the CRM id of its customer."""
    customer_name: str | None
    tried: int
    """How many attempts there were in all."""
    message: str | None
    concerned: dict[str, Any]
    """What a failure is about, with values as they were read or sent: of a customer, or of a `line`."""
    actions: list[Act]
    """What who asks may do with it."""
    retried_by: str | None
    retried_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None
    resolution: dict[str, Any] | None
    """What the person said who settled it."""


class AttentionDetail(AttentionRow):
    sent: SentDocument | dict[str, Any] | None
    """A document by its parts, a customer by its fields; amounts are decimal numbers as text, in rials."""
    was_sent: bool
    """Whether `sent` has left Hamgam; else it is what would have been sent."""
    customer_name_then: str | None
    """Of a document: what its customer was called in finance when it was sent."""
    customer_renamed: bool
    """Whether it is known to have another name by now."""


class ReasonCount(Answer):
    reason: str | None
    status: str
    count: int


class HeldStream(Answer):
    """A poll that holds suspiciously many changes back."""

    stream: Stream
    changes: int
    released_by: str | None
    """Who has let them through; the next poll does it."""


class AttentionPage(Answer):
    count: int
    """How many rows match, on all pages."""
    reasons: list[ReasonCount]
    """Of all rows that ask, most first."""
    held: list[HeldStream]
    items: list[AttentionRow]
    next: str | None
    """Goes into `after` for the rows that follow."""


class Trouble(Answer):
    trouble: Reason | None
    """Why the system could not be asked."""


class ContactBeside(Answer):
    code: str
    found: bool
    gone: bool
    """Finance has no contact with this code any more."""
    active: bool
    fields: list[Pair]
    """The customer as the CRM has it, and the contact."""


class ContactsBeside(Answer):
    at: datetime
    crm: Trouble
    customer_gone: bool
    """The CRM does not have the customer any more."""
    finance: Trouble
    contacts: list[ContactBeside]


class Done(Answer):
    id: UUID
    by: str
    at: datetime


class LaterSync(Answer):
    id: UUID
    status: str
    reason: str | None
    at: datetime


class NothingDone(Problem):
    """Somebody was faster, or the row asks for something else."""

    by: str | None
    """Who was faster, and when, where that is known."""
    at: datetime | None
    row: AttentionRow | None
    """What became of it."""
    later: LaterSync | None
    """The newest sync of its record since."""


_CONFLICT: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such row", "model": NothingDone},
    409: {
        "description": "Somebody was faster, or the row asks for something else; nothing has changed",
        "model": NothingDone,
    },
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such row"}}
_OUT_OF_REACH: dict[int | str, dict[str, Any]] = _UNKNOWN | {
    503: {"description": "The database does not answer, or this process does not reach the remote systems"},
}
_FEWER: dict[int | str, dict[str, Any]] = {
    409: {"description": "The poll does not hold back as many changes any more"}
}


def attention_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["attention"])
    router.include_router(_reading(context))
    router.include_router(_acting(context))
    return router


def _reading(context: WebContext) -> APIRouter:
    router, db = APIRouter(prefix="/attention"), context.db

    @router.get("")
    async def get_attention(
        person: Viewer,
        reason: Reason | None = None,
        status: Status | None = None,
        type: EntityType | None = None,
        sort: Annotated[str, Query(pattern="^(newest|oldest)$")] = "newest",
        after: Annotated[str | None, Query(description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> AttentionPage:
        """What failed for good, is in conflict or in doubt, with cause, next step and possible actions."""
        given = {"reason": reason, "status": status, "type": type, "sort": sort, "after": after}
        try:
            query = query_of({name: str(value) for name, value in given.items() if value is not None})
        except ValueError as error:
            raise HTTPException(400, f"{error} is none that this list knows") from None
        return await _list(db, query, person, limit)

    @router.get("/{log_id}", responses=_UNKNOWN)
    async def get_one(log_id: UUID, person: Viewer) -> AttentionDetail:
        """One row, whether it still asks or not, and what was sent."""
        found = await _found(db, log_id)
        row = shown(found, person)
        return _detail(row, await name_then(db, found, row.document, person))

    @router.get("/{log_id}/finance", responses=_OUT_OF_REACH)
    async def get_finance(log_id: UUID, person: Viewer) -> ContactsBeside:
        """Read the contacts that the row names from finance now, beside the customer as the CRM has it.

        Of a document it is its customer: finance offers no way to ask for pre-invoices.
        """
        customer_id, codes = contacts_of(await _found(db, log_id))
        read = await ask_finance(context, person, customer_id, codes)
        if read is None:
            raise RequestRefused("out-of-reach")
        return _beside(read)

    return router


async def _list(db: Database, query: Wanted, person: Person, limit: int) -> AttentionPage:
    page = await listed(db, query, person, limit)
    return AttentionPage(
        count=await worklist.count(db, query.wanted),
        reasons=[ReasonCount.model_validate(group) for group in await worklist.groups(db)],
        held=[HeldStream.model_validate(held) for held in await worklist.held(db)],
        items=[_row(row) for row in page.rows],
        next=page.after,
    )


async def _found(db: Database, log_id: UUID) -> Row[Any]:
    found = await worklist.row(db, log_id)
    if found is None:
        raise HTTPException(404, "there is no such row in the sync log")
    return found


def _detail(row: Shown, then: NameThen) -> AttentionDetail:
    return AttentionDetail(
        **_row(row).model_dump(),
        sent=row.document or dict(row.sent) or None,
        was_sent=row.was_sent,
        customer_name_then=then.name or None,
        customer_renamed=then.renamed,
    )


def _beside(read: Contacts) -> ContactsBeside:
    return ContactsBeside(
        at=read.at,
        crm=Trouble(trouble=read.crm_trouble),
        customer_gone=read.customer_gone,
        finance=Trouble(trouble=read.finance_trouble),
        contacts=[_contact(contact) for contact in read.contacts],
    )


def _contact(contact: Contact) -> ContactBeside:
    return ContactBeside(
        code=contact.code,
        found=bool(contact.pairs),
        gone=contact.gone,
        active=contact.active,
        fields=list(contact.pairs),
    )


def _acting(context: WebContext) -> APIRouter:
    router, db, clock = APIRouter(prefix="/attention"), context.db, context.clock

    @router.post("/{log_id}/retry", status_code=202, responses=_CONFLICT, response_model=Done)
    async def retry(log_id: UUID, person: Operator, body: Retry | None = None) -> Done | Response:
        """Put a failed or conflicting sync back into the queue."""
        asked = Asked(person.name, clock())
        try:
            await acting.put_back(db, log_id, asked, body.seen if body else None)
        except Declined as declined:
            return await _refusal(db, person, log_id, declined)
        return Done(id=log_id, by=person.name, at=asked.at)

    @router.post("/{log_id}/settle", responses=_CONFLICT, response_model=Done)
    async def settle_one(log_id: UUID, body: Settle, person: Operator) -> Done | Response:
        """Say which finance record it is, or that it is absent there. It is looked at again at once."""
        if (body.exists is None) != body.absent:
            raise HTTPException(400, "give either `exists` or `absent`")
        try:
            code = None if body.exists is None else finance_id_of(body.exists)
            done = await settle(db, log_id, code, by=person.name, now=clock(), wait=False, seen=body.seen)
        except Declined as declined:
            return await _refusal(db, person, log_id, declined)
        except UsageError as error:
            raise HTTPException(400, str(error)) from None
        return Done(id=log_id, by=done.by, at=done.at)

    @router.post("/{log_id}/dismiss", responses=_CONFLICT, response_model=Done)
    async def dismiss(log_id: UUID, body: Dismiss, person: Operator) -> Done | Response:
        """Ask no more for a failure or a conflict. A later change of the record is looked at as ever."""
        now = clock()
        try:
            await acting.dismiss(db, log_id, body.note, by=person.name, now=now, seen=body.seen)
        except Declined as declined:
            return await _refusal(db, person, log_id, declined)
        return Done(id=log_id, by=person.name, at=now)

    @router.post("/held/{stream}/release", status_code=202, responses=_FEWER)
    async def release(
        stream: Stream, changes: Annotated[int, Query(ge=1, le=2**31 - 1)], person: Operator
    ) -> HeldStream:
        """Let so many changes through that a poll holds back. 409 when there are not as many any more."""
        if not await acting.release(db, stream, changes, by=person.name, now=clock()):
            raise HTTPException(409, "the poll does not hold back as many changes any more")
        return HeldStream(stream=stream, changes=changes, released_by=person.name)

    return router


async def _refusal(db: Database, person: Person, log_id: UUID, declined: Declined) -> Response:
    row = await worklist.row(db, log_id)
    later = await worklist.later(db, row) if row is not None else None
    refused = NothingDone(
        **told(named(declined.why), str(declined)),
        by=declined.by,
        at=declined.at,
        row=_row(shown(row, person)) if row is not None else None,
        later=_later(later) if later is not None else None,
    )
    return answer(refused)


def _later(row: Row[Any]) -> LaterSync:
    at = row.completedAt or row.startedAt
    return LaterSync(id=row.id, status=row.status, reason=row.reason, at=at)


def _row(row: Shown) -> AttentionRow:
    sentence = row.known.sentence if row.known else _sentence(row.reason)
    return AttentionRow(
        id=row.id,
        seen=row.seen,
        since=row.at,
        status=row.status,
        reason=row.reason or None,
        error=row.known.name if row.known else None,
        cause=Said(en=sentence.en, fa=sentence.fa) if sentence else None,
        next_step=Said(en=sentence.next_step_en, fa=sentence.next_step_fa) if sentence else None,
        entity_type=row.entity_type,
        kind=row.kind,
        crm_id=row.crm_id,
        finance_id=row.finance_id,
        name=row.name or None,
        customer_id=row.customer_id,
        customer_name=row.customer_name or None,
        tried=row.tried,
        message=row.message or None,
        concerned=dict(row.concerned),
        actions=sorted(row.acts),
        retried_by=row.retried_by,
        retried_at=row.retried_at,
        resolved_by=row.resolved_by,
        resolved_at=row.resolved_at,
        resolution=dict(row.resolution) or None,
    )


def _sentence(reason: str) -> Sentence | None:
    return SENTENCES[Reason(reason)] if reason in list(Reason) else None
