"""`/api/v1/attention`: what asks for a person, and what a person can do about each."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Row
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from hamgam.app.access import Operator, Viewer
from hamgam.app.attention import MOST_NOTE, Shown, contacts_of, listed, query_of, shown
from hamgam.app.attention import Query as Wanted
from hamgam.app.context import WebContext
from hamgam.app.evidence import ask_finance
from hamgam.app.status import iso
from hamgam.db.engine import Database
from hamgam.errors import Reason, UsageError
from hamgam.jobs import acting
from hamgam.jobs.declining import Declined, Why
from hamgam.jobs.settling import finance_id_of, settle
from hamgam.model import EntityType, Status, Stream
from hamgam.people.roles import Person
from hamgam.reasons import SENTENCES, Sentence
from hamgam.sync.contacts import Contact
from hamgam.trail import worklist
from hamgam.trail.attention import Asked

_CONFLICT: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such row"},
    409: {"description": "Somebody was faster, or the row asks for something else; nothing has changed"},
}
_OUT_OF_REACH: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such row"},
    503: {"description": "This process cannot reach the remote systems"},
}
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
    ) -> dict[str, Any]:
        """What failed for good, is in conflict or in doubt, with cause, next step and possible actions."""
        given = {"reason": reason, "status": status, "type": type, "sort": sort, "after": after}
        try:
            query = query_of({name: str(value) for name, value in given.items() if value is not None})
        except ValueError as error:
            raise HTTPException(400, f"{error} is none that this list knows") from None
        return await _list(db, query, person, limit)

    @router.get("/{log_id}", responses=_CONFLICT)
    async def get_one(log_id: UUID, person: Viewer) -> dict[str, Any]:
        """One row, whether it still asks or not, and what was sent."""
        row = shown(await _found(db, log_id), person)
        return _document(row) | {"sent": _sent(row)}

    @router.get("/{log_id}/finance", responses=_OUT_OF_REACH)
    async def get_finance(log_id: UUID, person: Viewer) -> dict[str, Any]:
        """Read the contacts that the row names from finance now, beside the customer as the CRM has it.

        Of a document it is its customer: finance offers no way to ask for pre-invoices.
        """
        customer_id, codes = contacts_of(await _found(db, log_id))
        read = await ask_finance(context, person, customer_id, codes)
        if read is None:
            raise HTTPException(503, "this service does not reach the remote systems")
        return {
            "at": iso(read.at),
            "crm": {"trouble": read.crm_trouble},
            "finance": {"trouble": read.finance_trouble},
            "contacts": [_contact(contact) for contact in read.contacts],
        }

    return router


async def _list(db: Database, query: Wanted, person: Person, limit: int) -> dict[str, Any]:
    page = await listed(db, query, person, limit)
    return {
        "count": await worklist.count(db, query.wanted),
        "reasons": [
            {"reason": g.reason, "status": g.status, "count": g.count} for g in await worklist.groups(db)
        ],
        "held": [
            {"stream": held.stream, "changes": held.changes, "releasedBy": held.released_by}
            for held in await worklist.held(db)
        ],
        "items": [_document(row) for row in page.rows],
        "next": page.after,
    }


async def _found(db: Database, log_id: UUID) -> Row[Any]:
    found = await worklist.row(db, log_id)
    if found is None:
        raise HTTPException(404, "there is no such row in the sync log")
    return found


def _contact(contact: Contact) -> dict[str, Any]:
    fields = [asdict(pair) for pair in contact.pairs]
    return {"code": contact.code, "found": bool(fields), "active": contact.active, "fields": fields}


def _sent(row: Shown) -> dict[str, Any] | None:
    """A document by its parts, a customer by its fields."""
    if row.document is None:
        return dict(row.sent) or None
    sent = row.document
    return asdict(sent) | {
        "at": iso(sent.at),
        "transaction_id": str(sent.transaction_id) if sent.transaction_id else None,
        "finance_key": sent.finance_key or None,
    }


def _acting(context: WebContext) -> APIRouter:
    router, db, clock = APIRouter(prefix="/attention"), context.db, context.clock

    @router.post("/{log_id}/retry", status_code=202, responses=_CONFLICT)
    async def retry(log_id: UUID, person: Operator, body: Retry | None = None) -> Response:
        """Put a failed or conflicting sync back into the queue."""
        asked = Asked(person.name, clock())
        try:
            await acting.put_back(db, log_id, asked, body.seen if body else None)
        except Declined as declined:
            return await _refusal(db, person, log_id, declined)
        return _done(log_id, person.name, asked.at, 202)

    @router.post("/{log_id}/settle", responses=_CONFLICT)
    async def settle_one(log_id: UUID, body: Settle, person: Operator) -> Response:
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
        return _done(log_id, done.by, done.at, 200)

    @router.post("/{log_id}/dismiss", responses=_CONFLICT)
    async def dismiss(log_id: UUID, body: Dismiss, person: Operator) -> Response:
        """Ask no more for a failure or a conflict. A later change of the record is looked at as ever."""
        now = clock()
        try:
            await acting.dismiss(db, log_id, body.note, by=person.name, now=now, seen=body.seen)
        except Declined as declined:
            return await _refusal(db, person, log_id, declined)
        return _done(log_id, person.name, now, 200)

    @router.post("/held/{stream}/release", status_code=202, responses=_CONFLICT)
    async def release(
        stream: Stream, changes: Annotated[int, Query(ge=1, le=2**31 - 1)], person: Operator
    ) -> dict[str, Any]:
        """Let so many changes through that a poll holds back. 409 when there are not as many any more."""
        if not await acting.release(db, stream, changes, by=person.name, now=clock()):
            raise HTTPException(409, "the poll does not hold back as many changes any more")
        return {"stream": stream, "changes": changes, "releasedBy": person.name}

    return router


async def _refusal(db: Database, person: Person, log_id: UUID, declined: Declined) -> Response:
    """Why nothing was done; `by` and `at` say who was faster, and when, where that is known.

    `row` is what became of it, and `later` the newest sync of its record since.
    """
    row = await worklist.row(db, log_id)
    later = await worklist.later(db, row) if row is not None else None
    status = 404 if declined.why is Why.UNKNOWN else 409
    body = {
        "status": status,
        "title": "Nothing was changed",
        "detail": str(declined),
        "why": declined.why,
        "by": declined.by,
        "at": iso(declined.at),
        "row": _document(shown(row, person)) if row is not None else None,
        "later": _later(later) if later is not None else None,
    }
    return JSONResponse(body, status, media_type="application/problem+json")


def _later(row: Row[Any]) -> dict[str, Any]:
    at = iso(row.completedAt or row.startedAt)
    return {"id": str(row.id), "status": row.status, "reason": row.reason, "at": at}


def _done(log_id: UUID, by: str, at: datetime, status: int) -> Response:
    return JSONResponse({"id": str(log_id), "by": by, "at": iso(at)}, status)


def _document(row: Shown) -> dict[str, Any]:
    known = row.known.sentence if row.known else None
    return {
        "id": str(row.id),
        "seen": str(row.seen),
        "since": iso(row.at),
        "status": row.status,
        "reason": row.reason or None,
        "error": row.known.name if row.known else None,
        "cause": _both(known or _sentence(row.reason), next_step=False),
        "nextStep": _both(known or _sentence(row.reason), next_step=True),
        "entityType": row.entity_type,
        "kind": row.kind,
        "crmId": row.crm_id,
        "financeId": row.finance_id,
        "name": row.name or None,
        "customerId": row.customer_id,
        "customerName": row.customer_name or None,
        "tried": row.tried,
        "message": row.message or None,
        "actions": sorted(row.acts),
        "retriedBy": row.retried_by,
        "retriedAt": iso(row.retried_at),
        "resolvedBy": row.resolved_by,
        "resolvedAt": iso(row.resolved_at),
        "resolution": dict(row.resolution) or None,
    }


def _sentence(reason: str) -> Sentence | None:
    return SENTENCES[Reason(reason)] if reason in list(Reason) else None


def _both(sentence: Sentence | None, *, next_step: bool) -> dict[str, str] | None:
    if sentence is None:
        return None
    if next_step:
        return {"en": sentence.next_step_en, "fa": sentence.next_step_fa}
    return {"en": sentence.en, "fa": sentence.fa}
