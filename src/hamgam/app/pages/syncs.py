"""The syncs: the log as a list with filters, and one sync with its story."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hamgam.app.access import Viewer
from hamgam.app.context import WebContext
from hamgam.app.filters import MOST_COUNTED, PageQuery, asked
from hamgam.app.pages.rows import Row, row_of
from hamgam.app.pages.shell import page, writer
from hamgam.app.sought import Asked, asked_for
from hamgam.app.sync_story import sync_story
from hamgam.errors import Reason
from hamgam.model import EntityType, Operation, Status, Trigger
from hamgam.people.roles import Person
from hamgam.trail import listing
from hamgam.trail.place import Place
from hamgam.trail.records import MOST_FOUND

_ROWS = 50
_NEW_COUNTED = 99
_CHOICES = {
    "operation": tuple(Operation),
    "trigger": tuple(Trigger),
    "type": tuple(EntityType),
    "reason": tuple(Reason),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One page of the list."""

    rows: list[Row]
    now: datetime
    total: int
    """`MOST_COUNTED + 1` stands for more."""
    older: str
    """The address of the page of older rows; empty where there is none."""
    newer: str
    fresh: str
    """The address that says how many rows have come since.

    Empty on pages that are not the newest, and where a search would be repeated each time.
    """
    unmatched: bool
    """Whether what is searched for is in no record at all."""
    whole_only: bool
    """Whether so many records match that only those count that are named whole."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on."""

    name: str
    value: str
    without: str
    """The address of the list without it."""


def syncs_pages(context: WebContext) -> APIRouter:
    router = APIRouter()

    @router.get("/syncs")
    async def syncs(request: Request, person: Viewer) -> HTMLResponse:
        items = _items(request)
        try:
            query = _query(items)
        except ValidationError as error:
            wrong = {str(item["loc"][0]) for item in error.errors()}
            return _list(request, items, context.clock(), 400, wrong=wrong)
        sought = await asked_for(context.db, person, query)
        view = await _view(context, query, sought, items, person, writer(request).lang)
        return _list(request, items, context.clock(), query=query, view=view)

    @router.get("/syncs/new")
    async def new_ones(request: Request, person: Viewer) -> HTMLResponse:
        return await _new_ones(context, request, person)

    @router.get("/syncs/{id:path}")
    async def sync(request: Request, person: Viewer, id: str) -> HTMLResponse:
        log_id = _uuid(id)
        story = await sync_story(context, person, log_id) if log_id else None
        if story is None:
            return page(request, "notice.html", 404, notice="sync.none")
        return page(
            request,
            "sync.html",
            told=story.told,
            name=story.name,
            received=story.received,
            earlier=story.earlier,
            later=story.later,
        )

    return router


async def _new_ones(context: WebContext, request: Request, person: Person) -> HTMLResponse:
    """How many rows have come on top of the list that somebody is reading."""
    items = _items(request)
    try:
        query = _query(items)
    except ValidationError:
        return page(request, "notice.html", 400, notice="syncs.wrong")
    since = query.cursor or Place(context.clock(), UUID(int=0), newer=True)
    wanted = (await asked_for(context.db, person, query)).wanted
    count = await listing.count(context.db, wanted, _NEW_COUNTED, since) if wanted else 0
    again = urlencode([*items, ("lang", writer(request).lang)])
    return page(
        request,
        "syncs_new.html",
        count=count,
        most=_NEW_COUNTED,
        newest=f"/syncs?{urlencode(asked(items))}",
        fresh=f"/syncs/new?{again}",
    )


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None


def _items(request: Request) -> list[tuple[str, str]]:
    """The filters of this address and its cursor; what a form has left empty does not count."""
    items = request.query_params.multi_items()
    return asked(items) + [(name, value) for name, value in items if name == "cursor" and value]


def _query(items: list[tuple[str, str]]) -> PageQuery:
    """Raises `ValidationError`, which names the parameters as the address does."""
    several = {"status": [value for name, value in items if name == "status"]}
    return PageQuery.model_validate(dict(items) | several)


def _list(
    request: Request, items: list[tuple[str, str]], now: datetime, status: int = 200, **values: Any
) -> HTMLResponse:
    typed = dict(items)
    given: dict[str, Any] = {"view": None, "query": None, "wrong": set()} | values
    answer = page(
        request,
        "syncs.html",
        status,
        now=now,
        typed=typed,
        shown=_as_read(request, typed, given["query"]),
        statuses=[value for name, value in items if name == "status"],
        choices=_CHOICES,
        all_statuses=tuple(Status),
        most=MOST_COUNTED,
        most_records=MOST_FOUND,
        chips=_chips(asked(items)),
        filters=urlencode(asked(items)),
        **given,
    )
    if "hx-request" in request.headers:
        # A body that comes with 400 is not swapped in; the browser then asks again, for the whole page.
        header = "hx-redirect" if status == 400 else "hx-push-url"
        answer.headers[header] = f"/syncs?{urlencode(items)}" if items else "/syncs"
    return answer


def _chips(filters: list[tuple[str, str]]) -> list[Chip]:
    rest = [filters[:place] + filters[place + 1 :] for place in range(len(filters))]
    return [
        Chip(name, value, f"/syncs?{urlencode(others)}" if others else "/syncs")
        for (name, value), others in zip(filters, rest, strict=True)
    ]


def _as_read(request: Request, typed: dict[str, str], query: PageQuery | None) -> dict[str, str]:
    """What stands in the fields: as it was typed, but a moment out of a link as people write it."""
    w = writer(request)
    moments = {} if query is None else {"from": query.since, "to": query.until}
    written = {
        name: f"{w.day(moment)} {w.clock(moment)}"
        for name, moment in moments.items()
        if moment is not None and "T" in typed[name]
    }
    return typed | written


async def _view(
    context: WebContext,
    query: PageQuery,
    sought: Asked,
    items: list[tuple[str, str]],
    person: Person,
    lang: str,
) -> View | None:
    now, wanted = context.clock(), sought.wanted
    if wanted is None:
        return None
    found = await listing.page(context.db, wanted, _ROWS, query.cursor)
    top = listing.place_at(found.rows[0]) if found.rows else Place(now, UUID(int=0))
    fresh = {"lang": lang, "cursor": str(Place(top.at, top.id, newer=True))}
    told = query.cursor is None and query.q is None
    return View(
        rows=[row_of(row, person, now) for row in found.rows],
        now=now,
        total=await listing.count(context.db, wanted, MOST_COUNTED),
        older=_address(items, found.older),
        newer=_address(items, found.newer),
        fresh=f"/syncs/new?{urlencode([*asked(items), *fresh.items()])}" if told else "",
        unmatched=wanted.records == frozenset(),
        whole_only=sought.whole_only,
    )


def _address(items: list[tuple[str, str]], place: Place | None) -> str:
    return f"/syncs?{urlencode([*asked(items), ('cursor', str(place))])}" if place else ""
