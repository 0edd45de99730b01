"""`/api/v1/records`: find a record, its story, both sides of it, and a look at it now."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.exceptions import HTTPException

from hamgam.app.access import Operator, Viewer
from hamgam.app.context import WebContext
from hamgam.app.records import (
    EVENTS,
    MOST_CHARACTERS,
    MOST_FOUND,
    MOST_OF_A_MARK,
    Story,
    Told,
    WrongPlace,
    key_of,
    linked,
    search,
    story,
    sync_now,
)
from hamgam.app.status import iso
from hamgam.errors import UsageError
from hamgam.model import Entity, EntityKey, EntityType
from hamgam.sync.compare import Comparison, compare
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


def _key(entity: Entity, record: str) -> EntityKey:
    key = key_of(entity, record)
    if key is None:
        raise HTTPException(404, "this is no id of the CRM; it has the form of a GUID")
    return key


Key = Annotated[EntityKey, Depends(_key)]


def record_routes(context: WebContext) -> APIRouter:
    router = APIRouter(prefix="/records", tags=["records"])

    @router.get("")
    async def search_records(
        person: Viewer,
        q: Annotated[
            str, Query(max_length=MOST_CHARACTERS, description="name, number or id, in any spelling")
        ],
    ) -> dict[str, Any]:
        """Records in which every word of the search stands.

        For viewers data of people is masked and not searched: they find by a whole CRM id, finance code, or
        number as it is shown to them.
        """
        found, more = await search(context.db, person, q)
        return {"records": [_record(each) for each in found], "more": more}

    @router.get("/linked")
    async def list_linked_records(
        person: Viewer,
        type: EntityType,
        before: Annotated[str, Query(description="the `older` of the page before")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = MOST_FOUND,
    ) -> dict[str, Any]:
        """Customers that are linked, or documents that finance has, the last one first.

        `count` is how many there are in all. Data of people is masked for viewers.
        """
        try:
            found = await linked(context.db, person, type, before, limit)
        except WrongPlace:
            raise HTTPException(400, "before: not a place in this list") from None
        records = [_record(each) for each in found.records]
        return {"count": found.count, "records": records, "older": found.older}

    @router.get("/{entity}/{record}")
    async def get_record(
        person: Viewer,
        entity: Shelf,
        record: str,
        before: Annotated[str, Query(description="the `older` of the page before")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = EVENTS,
    ) -> dict[str, Any]:
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


def _acting(router: APIRouter, context: WebContext) -> None:
    """What reaches for the remote systems, now or as soon as a worker does."""

    @router.get("/{entity}/{record}/compare", responses=_OUT_OF_REACH)
    async def compare_record(_: Operator, key: Key) -> dict[str, Any]:
        """Read the record now, and set both sides side by side.

        The `verdict` is `same` or `differs`. Where finance does not show the record by itself, as it never
        does for documents, its side is what Hamgam last wrote, at `written_at`; the verdict then is
        `as_written` or `unlike_written`. Null: not both sides are known. `gone`: finance has the linked
        contact no more.
        """
        try:
            async with context.site() as site:
                return _comparison(await compare(site, key))
        except UsageError as error:
            raise HTTPException(503, str(error)) from None

    @router.post("/{entity}/{record}/sync", status_code=202)
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
    ) -> dict[str, bool]:
        """Look at the record as soon as a worker is free, also at one that is new in the CRM.

        `queued` is false where that was asked before.
        """
        return {"queued": await sync_now(context.db, person, key, asked, context.clock)}


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
        "verdict": compared.verdict,
        "crm": {"found": compared.in_crm, "trouble": compared.crm_trouble, "changed": compared.crm_changed},
        "finance": {
            "found": compared.in_finance,
            "gone": compared.gone,
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
