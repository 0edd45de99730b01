"""The status page: what the installation is doing, for people, live, in Persian and English."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from hamgam import __version__
from hamgam.app.context import WebContext
from hamgam.app.status import start_of_day
from hamgam.app.words import Writer, chosen
from hamgam.db.engine import DATABASE_GONE
from hamgam.jobs import queue
from hamgam.model import Direction, EntityType, Status, System
from hamgam.trail import status as numbers
from hamgam.trail.status import RemoteState, SyncFilter

_STATIC = Path(__file__).parent / "static"
_ROWS = 15
_NEW_FOR = timedelta(seconds=6)
_COOKIE = "lang"
_A_YEAR = 365 * 24 * 3600
_BAR = (
    Status.SUCCESS,
    Status.SKIPPED,
    Status.IN_PROGRESS,
    Status.PENDING,
    Status.CONFLICT,
    Status.IN_DOUBT,
    Status.FAILED,
)
"""The order in which outcomes are shown: calm ones first."""
_ATTENTION = (Status.FAILED, Status.CONFLICT, Status.IN_DOUBT)
_ERROR_CHARACTERS = 200

# On Windows the registry may call these something that browsers refuse to run or apply.
for _type, _ending in (("text/javascript", ".js"), ("text/css", ".css"), ("font/woff2", ".woff2")):
    mimetypes.add_type(_type, _ending)

_templates = Environment(
    loader=PackageLoader("hamgam.app"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["version"] = __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One sync as the page shows it."""

    id: str
    at: datetime
    new: bool
    name: str
    entity_type: str
    kind: str | None
    operation: str
    status: str
    reason: str | None
    error: str
    attention: bool
    trigger: str
    crm_id: str | None
    finance_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that the live part of the page shows."""

    now: datetime
    systems: Mapping[System, RemoteState]
    mappings: Mapping[EntityType, int]
    depth: int
    oldest_seconds: float
    attention: int
    today: Mapping[Status, int]
    polled_at: datetime | None
    poll_cursor: datetime | None
    held: int
    rows: list[Row]


def page_routes(context: WebContext, app: FastAPI) -> APIRouter:
    """The status page, its live part, the list of operations, and the files that they need."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def status_page(request: Request) -> HTMLResponse:
        answer = await _status(context, request, "page.html")
        wanted = request.query_params.get(_COOKIE)
        if wanted in ("fa", "en"):
            answer.set_cookie(_COOKIE, wanted, max_age=_A_YEAR, httponly=True, samesite="lax")
        return answer

    @router.get("/live")
    async def live_part(request: Request) -> HTMLResponse:
        return await _status(context, request, "live.html")

    @router.get("/api/docs")
    async def operations(request: Request) -> HTMLResponse:
        return _page("docs.html", Writer("en"), document=app.openapi())

    router.routes.append(Mount("/static", StaticFiles(directory=_STATIC), name="static"))
    return router


async def _status(context: WebContext, request: Request, template: str) -> HTMLResponse:
    writer = _writer(request)
    try:
        view = await _view(context)
    except DATABASE_GONE:
        return _page(template, writer, 503, view=None)
    return _page(template, writer, view=view)


def _writer(request: Request) -> Writer:
    return Writer(
        chosen(
            request.query_params.get(_COOKIE),
            request.cookies.get(_COOKIE),
            request.headers.get("accept-language", ""),
        )
    )


def _page(template: str, writer: Writer, status: int = 200, **values: Any) -> HTMLResponse:
    html = _templates.get_template(template).render(w=writer, **values)
    return HTMLResponse(html, status)


async def _view(context: WebContext) -> View:
    db, now = context.db, context.clock()
    today = await numbers.sync_counts_since(db, start_of_day(now))
    polls = (await numbers.poll_states(db)).values()
    return View(
        now=now,
        systems=await numbers.remote_states(db),
        mappings=await numbers.mapping_counts(db),
        depth=await queue.depth(db),
        oldest_seconds=await queue.oldest_waiting_seconds(db),
        attention=await numbers.attention_count(db),
        today={status: today[status] for status in _BAR},
        polled_at=max((poll.at for poll in polls if poll.at), default=None),
        poll_cursor=min((poll.cursor for poll in polls), default=None),
        held=sum(poll.held or 0 for poll in polls),
        rows=[_row(row, now) for row in await numbers.recent(db, SyncFilter(), _ROWS)],
    )


def _row(row: Mapping[str, Any], now: datetime) -> Row:
    source, target = row["sourceEntityId"], row["targetEntityId"]
    from_crm = row["direction"] == Direction.CRM_TO_FINANCE
    attention = row["status"] in _ATTENTION and row["resolvedAt"] is None
    return Row(
        id=str(row["id"]),
        at=row["startedAt"],
        new=now - (row["completedAt"] or row["startedAt"]) < _NEW_FOR,
        name=_name(row["sourceData"]),
        entity_type=row["entityType"],
        kind=row["kind"],
        operation=row["operation"],
        status=row["status"],
        reason=row["reason"],
        error=(row["errorMessage"] or "")[:_ERROR_CHARACTERS] if attention else "",
        attention=attention,
        trigger=row["triggerType"],
        crm_id=source if from_crm else target,
        finance_id=target if from_crm else source,
    )


def _name(source: Any) -> str:
    """What a person knows the record by: a customer's name, or a document's number."""
    if not isinstance(source, dict):
        return ""
    fields = source.get("fields")
    name = fields.get("name") if isinstance(fields, dict) else None
    return str(name or source.get("number") or "")
