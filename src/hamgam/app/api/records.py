"""`/api/v1/records`: find a record, its story, both sides of it, and a look at it now."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from hamgam.app.access import Operator, Viewer
from hamgam.app.context import WebContext
from hamgam.app.records import (
    EVENTS,
    MOST_CHARACTERS,
    Story,
    Told,
    contact_story,
    is_code,
    key_of,
    search,
    story,
)
from hamgam.app.status import iso
from hamgam.errors import UsageError
from hamgam.jobs.asking import ask
from hamgam.model import Entity, EntityKey
from hamgam.sync.compare import Comparison, compare
from hamgam.trail.place import Place, place_of
from hamgam.trail.records import Found
from hamgam.trail.timeline import What


class Shelf(StrEnum):
    """What kind of record an address names; a contact is one that finance alone knows."""

    CUSTOMER = "customer"
    INVOICE = "invoice"
    QUOTE = "quote"
    CONTACT = "contact"


_OUT_OF_REACH: dict[int | str, dict[str, Any]] = {
    503: {"description": "This process cannot reach the remote systems"}
}


def record_routes(context: WebContext) -> APIRouter:
    router = APIRouter(prefix="/records", tags=["records"])

    @router.get("")
    async def search_records(
        person: Viewer,
        q: Annotated[
            str, Query(max_length=MOST_CHARACTERS, description="name, number or id, in any spelling")
        ],
    ) -> dict[str, Any]:
        """Records in which every word of the search stands. Data of people is masked for viewers."""
        found, more = await search(context.db, person, q)
        return {"records": [_record(each) for each in found], "more": more}

    @router.get("/{entity}/{record}")
    async def get_record(
        person: Viewer,
        entity: Shelf,
        record: str,
        before: Annotated[str | None, Query(description="the `older` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = EVENTS,
    ) -> dict[str, Any]:
        """One record, by its CRM id or as a contact by its finance code, with its story, newest first."""
        start = _place(before)
        if entity is Shelf.CONTACT:
            told = await contact_story(context.db, person, record, start, limit) if is_code(record) else None
        else:
            told = await story(context.db, person, _key(entity, record), start, limit)
        if told is None:
            raise HTTPException(404, "nothing is known of this record")
        return _story(told)

    _acting(router, context)
    return router


def _acting(router: APIRouter, context: WebContext) -> None:
    """What reaches for the remote systems, now or as soon as a worker does."""

    @router.get("/{entity}/{record}/compare", responses=_OUT_OF_REACH)
    async def compare_record(_: Operator, entity: Entity, record: str) -> dict[str, Any]:
        """Read the record in both systems now, once each, and set them side by side."""
        key = _key(entity, record)
        try:
            async with context.site() as site:
                return _comparison(await compare(site, key))
        except UsageError as error:
            raise HTTPException(503, str(error)) from None

    @router.post("/{entity}/{record}/sync", status_code=202)
    async def sync_record(
        person: Operator,
        entity: Entity,
        record: str,
        asked: Annotated[
            str | None,
            Query(max_length=64, description="of your choice; the same again asks for nothing more"),
        ] = None,
    ) -> dict[str, bool]:
        """Look at the record as soon as a worker is free; `queued` is false where that was asked before."""
        page = asked or iso(context.clock()) or ""
        return {"queued": await ask(context.db, _key(entity, record), None, by=person.name, page=page)}


def _key(entity: str, record: str) -> EntityKey:
    key = key_of(entity, record)
    if key is None:
        raise HTTPException(404, "this is no id of the CRM; it has the form of a GUID")
    return key


def _place(text: str | None) -> Place | None:
    try:
        return place_of(text) if text else None
    except ValueError:
        raise HTTPException(400, "before: not the place of an event") from None


def _story(told: Story) -> dict[str, Any]:
    looks = [{"running": look.running, "due": iso(look.due), "by": look.by} for look in told.looks]
    return _record(told.record) | {
        "looks": looks,
        "documents": [_record(each) for each in told.documents],
        "timeline": [_event(each) for each in told.events],
        "older": told.older,
    }


def _record(found: Found) -> dict[str, Any]:
    linked, last = found.linked, found.last
    return {
        "entity": found.entity,
        "id": found.id,
        "kind": found.kind,
        "name": found.name,
        "number": found.number,
        "customer_id": found.customer_id,
        "customer_name": found.customer_name,
        "finance_id": found.finance_id,
        "linked": linked and {
            "since": iso(linked.since), "last_sync": iso(linked.last_sync_at), "blocked": linked.blocked
        },
        "last_sync": last and {
            "id": str(last.id), "at": iso(last.at), "status": last.status, "operation": last.operation,
            "reason": last.reason, "needs_attention": last.attention,
        },
    }  # fmt: skip


_KINDS = {What.NOTICE: "notice", What.SYNC: "sync", What.WORD: "settled"}
_SAID: Mapping[What, tuple[str, ...]] = {
    What.NOTICE: ("event",),
    What.SYNC: ("status", "operation", "reason", "message", "trigger", "changed", "target_id", "by"),
    What.WORD: ("by", "resolution"),
}


def _event(told: Told) -> dict[str, Any]:
    said = {name: getattr(told, name) for name in _SAID[told.what]}
    event = {"what": _KINDS[told.what], "at": iso(told.at), "id": str(told.id)} | said
    if told.what is What.SYNC:
        event["retries"] = [{"by": asked.by, "at": iso(asked.at)} for asked in told.retries]
        event |= {"settled_at": iso(told.settled_at), "settled_by": told.settled_by}
    return event


def _comparison(compared: Comparison) -> dict[str, Any]:
    return {
        "at": iso(compared.at),
        "crm": {"found": compared.in_crm, "trouble": compared.crm_trouble, "changed": compared.crm_changed},
        "finance": {
            "found": compared.in_finance,
            "trouble": compared.finance_trouble,
            "changed": compared.finance_changed,
            "written_at": iso(compared.written_at),
        },
        "fields": [asdict(pair) for pair in compared.pairs],
        "lines": [
            {"crm": dict(line.crm), "finance": dict(line.finance), "differs": sorted(line.differs)}
            for line in compared.lines
        ],
    }
