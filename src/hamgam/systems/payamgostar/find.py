"""Reading what was modified since a moment, by key and not by page number.

Pages are no snapshot: an object that is saved while pages are read moves to the end, and everything behind it
one place forward. So each page starts at the last time seen instead of at a page number, and only where a
whole page has one and the same time the page number counts within it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hamgam.details import Detail
from hamgam.errors import Reason, TryLater
from hamgam.model import CrmCustomer, CrmId, Kind, Stream, System
from hamgam.systems.payamgostar.wire import spelled

_EQUALS, _GREATER_OR_EQUAL = 0, 2
_ASCENDING, _DESCENDING = 0, 1


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stream is read. Sales documents have object types of the site's own, so none is named."""

    path: str
    type_key: str | None
    kind: Kind | None = None


SOURCES = {
    Stream.PERSON: Source("person", "person", Kind.PERSON),
    Stream.ORGANIZATION: Source("organization", "organization", Kind.ORGANIZATION),
    Stream.INVOICE: Source("invoice/sales", None),
    Stream.QUOTE: Source("quote/sales", None),
}


@dataclass(frozen=True, slots=True)
class Seen:
    id: CrmId
    modified_at: datetime
    customer: CrmCustomer | None = field(default=None, compare=False)
    """The object itself, in the streams of customers."""


@dataclass(frozen=True, slots=True)
class FoundPage:
    hits: list[Seen]
    total: int | None
    """How many objects the query has in all; None where the CRM does not say."""


Fetch = Callable[[str, int], Awaitable[FoundPage]]
"""Reads one page: from this spelled time, with this page number (1 is the first)."""


def since_body(source: Source, key: str, page: int, page_size: int) -> dict[str, Any]:
    """The oldest objects modified at or after `key`, a spelled time."""
    query = _query("ModifyDate", _GREATER_OR_EQUAL, key)
    return _find_body(source, [query], _ASCENDING, page, page_size)


def newest_body(source: Source) -> dict[str, Any]:
    """The object that was modified last."""
    return _find_body(source, [], _DESCENDING, 1, 1)


def number_body(source: Source, number: str) -> dict[str, Any]:
    """The customers that have this number."""
    query = _query("CustomerNumber", _EQUALS, number)
    return _find_body(source, [query], _ASCENDING, 1, 10)


def _query(field_name: str, operator: int, value: str) -> dict[str, Any]:
    return {
        "logicalOperator": 0,
        "field": field_name,
        "operator": operator,
        "value": value,
        "leafLogicalOperator": None,
        "leafNegate": False,
        "leafs": None,
    }


def _find_body(
    source: Source, queries: list[dict[str, Any]], order: int, page: int, page_size: int
) -> dict[str, Any]:
    return {
        "typeKey": source.type_key,
        "queries": queries,
        "orders": [{"field": "ModifyDate", "order": order}],
        "selectFields": None,
        "pageNumber": page,
        "pageSize": page_size,
    }


async def changed_since(fetch: Fetch, since: datetime, page_size: int) -> AsyncIterator[list[Seen]]:
    """New hits page by page, oldest first, each (id, time) once.

    Where more than one page has the same time, pages of that time are read again until they bring nothing
    new: an object that leaves them meanwhile moves the others forward, past a reader that counts pages.
    A CRM may cut pages to a size of its own, so a short page is the last one only where the total says so.
    """
    key, page, in_key, sweep_found = spelled(since), 1, 0, False
    seen: set[Seen] = set()
    previous: list[Seen] = []
    while True:
        found = await fetch(key, page)
        hits = found.hits
        _check_order(hits, key)
        fresh = [hit for hit in dict.fromkeys(hits) if hit not in seen]
        if fresh:
            yield fresh
        seen.update(fresh)
        in_key += len(hits)
        more = bool(hits) and (found.total is None or len(hits) >= page_size or found.total > in_key)
        last_key = spelled(hits[-1].modified_at) if hits else key
        if more and last_key == key:
            _check_progress(hits, previous)
            page, previous, sweep_found = page + 1, hits, sweep_found or bool(fresh)
        elif page > 1 and (sweep_found or fresh):
            page, in_key, previous, sweep_found = 1, 0, [], False
        elif more:
            key, page, in_key, previous, sweep_found = last_key, 1, 0, [], False
            seen = {hit for hit in seen if spelled(hit.modified_at) >= key}
        else:
            return


def _check_order(hits: list[Seen], key: str) -> None:
    keys = [key, *(spelled(hit.modified_at) for hit in hits)]
    if keys != sorted(keys):
        raise TryLater(Reason.BROKEN_ANSWER, Detail.FIND_ORDER_IGNORED(), system=System.CRM)


def _check_progress(hits: list[Seen], previous: list[Seen]) -> None:
    if hits == previous:
        raise TryLater(Reason.BROKEN_ANSWER, Detail.FIND_PAGE_IGNORED(), system=System.CRM)
